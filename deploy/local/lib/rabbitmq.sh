# A RabbitMQ node of our own in .local/rabbitmq, with its own name server (epmd) and cookie: it knows of no other node.

rabbitmq_programs() {
  local script
  for script in /usr/lib/rabbitmq/bin /usr/lib/rabbitmq/lib/*/sbin; do
    [[ ! -x $script/rabbitmq-server ]] || { printf '%s' "$script" && return; }
  done
}

# The broker's scripts read all they need from the environment; HOME is where the cookie lies.
rabbitmq_environment() {
  local home=$LOCAL/rabbitmq
  rabbitmq_env=(
    "HOME=$home"
    "ERL_EPMD_PORT=$EPMD_PORT" ERL_EPMD_ADDRESS=127.0.0.1 "ERL_CRASH_DUMP=$LOCAL/log/erl_crash.dump"
    RABBITMQ_NODENAME=consentledger@localhost "RABBITMQ_DIST_PORT=$DIST_PORT"
    'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}'
    "RABBITMQ_CONF_ENV_FILE=$home/none" "RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf"
    "RABBITMQ_ADVANCED_CONFIG_FILE=$home/none.config"
    "RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins" "RABBITMQ_MNESIA_BASE=$home/mnesia"
    "RABBITMQ_LOG_BASE=$LOCAL/log" RABBITMQ_LOGS=- "RABBITMQ_PID_FILE=$home/pid"
  )
}

# The user is made at the first start, when the node has no data; where a default user is named there is no guest.
write_rabbitmq_settings() {
  mkdir -p "$LOCAL/rabbitmq"
  chmod 700 "$LOCAL/rabbitmq"
  [[ -s $LOCAL/keys/rabbitmq.password ]] || openssl rand -hex 24 | write_private "$LOCAL/keys/rabbitmq.password"
  printf '[rabbitmq_management].\n' >"$LOCAL/rabbitmq/enabled_plugins"
  write_private "$LOCAL/rabbitmq/rabbitmq.conf" <<SETTINGS
listeners.tcp.1 = 127.0.0.1:$AMQP_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $AMQP_MANAGEMENT_PORT
default_user = consentledger
default_pass = $(<"$LOCAL/keys/rabbitmq.password")
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
default_vhost = /
log.console.level = info
SETTINGS
}

amqp_address() { printf 'amqp://consentledger:%s@127.0.0.1:%s/%%2F' "$(<"$LOCAL/keys/rabbitmq.password")" "$AMQP_PORT"; }
management_address() { printf 'http://consentledger:%s@127.0.0.1:%s' "$(<"$LOCAL/keys/rabbitmq.password")" "$AMQP_MANAGEMENT_PORT"; }

epmd_settled() { stopped epmd || { : </dev/tcp/127.0.0.1/"$EPMD_PORT"; } 2>/dev/null; }
# The check of the listener turns true only when the boot is complete.
rabbitmq_settled() { stopped rabbitmq || answers "$(management_address)/api/health/checks/port-listener/$AMQP_PORT"; }

start_rabbitmq() {
  local programs
  programs=$(rabbitmq_programs)
  write_rabbitmq_settings
  rabbitmq_environment
  begin "RabbitMQ $(basename "$(compgen -G '/usr/lib/rabbitmq/lib/rabbitmq_server-*' | sort -V | tail -n1)" | cut -d- -f2) on 127.0.0.1:$AMQP_PORT"
  rotate rabbitmq
  if stopped epmd; then
    launch epmd epmd -port "$EPMD_PORT" -address 127.0.0.1
    await 10 epmd_settled && running epmd || fail "RabbitMQ's name server (epmd) did not start." "$LOCAL/log/epmd.log"
  fi
  # RUNNING_UNDER_SYSTEMD makes the script become the broker instead of waiting for it: one process, one pid.
  launch rabbitmq env "${rabbitmq_env[@]}" RUNNING_UNDER_SYSTEMD=true "$programs/rabbitmq-server"
  await 120 rabbitmq_settled && running rabbitmq || TAIL_LINES=30 fail 'RabbitMQ did not start.' "$LOCAL/log/rabbitmq.log"
  finish
}

stop_rabbitmq() { end rabbitmq TERM 60 KILL && end epmd TERM 5 KILL; }

# ctl ...: rabbitmqctl on our node, for the curious.
ctl() {
  rabbitmq_environment
  env "${rabbitmq_env[@]}" "$(rabbitmq_programs)/rabbitmqctl" "$@"
}

add_vhost() {
  local api
  api=$(management_address)/api
  http PUT "$api/vhosts/$1" '{}' &&
    http PUT "$api/permissions/$1/consentledger" '{"configure":".*","write":".*","read":".*"}'
}

delete_vhost() { http DELETE "$(management_address)/api/vhosts/$1"; }
