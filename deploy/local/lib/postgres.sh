# A PostgreSQL cluster of our own in .local/postgres. Durability is real: fsync and synchronous_commit stay on.

# The binaries that fit the data we have, else the newest.
postgres_programs() {
  local version='*'
  [[ ! -f $LOCAL/postgres/data/PG_VERSION ]] || version=$(<"$LOCAL/postgres/data/PG_VERSION")
  compgen -G "/usr/lib/postgresql/$version/bin/postgres" | sort -V | tail -n1 | xargs -r dirname
}

# PostgreSQL refuses to run as root; then it runs under the account of its package, which owns only its data.
as_postgres=()
((EUID != 0)) || as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all --)

# The account may be unable to walk into the checkout (under /root, say). So we open the data's folder for it, and
# PostgreSQL knows it as its file 9; from / , because initdb wants to return to where it was called.
data=/proc/self/fd/9
with_data() (
  exec 9<"$LOCAL/postgres/data"
  cd /
  "$@"
)

make_cluster() {
  local programs=$1 owner
  # An interrupted initdb leaves a folder without the file that this script writes last.
  [[ ! -f $LOCAL/postgres/complete ]] || return 0
  begin 'Creating a PostgreSQL cluster'
  rm -rf "$LOCAL/postgres"
  mkdir -p "$LOCAL/postgres/data"
  chmod 700 "$LOCAL/postgres" "$LOCAL/postgres/data"
  [[ -s $LOCAL/keys/postgres.password ]] || openssl rand -hex 24 | write_private "$LOCAL/keys/postgres.password"
  cp "$LOCAL/keys/postgres.password" "$LOCAL/postgres/password"
  ((EUID != 0)) || { owner=$(id -u postgres):$(id -g postgres) && chown -R "$owner" "$LOCAL/postgres"; }
  with_data "${as_postgres[@]}" "$programs/initdb" -D "$data" --username=consentledger --pwfile="$data/../password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
    >"$LOCAL/log/initdb.log" 2>&1 || fail 'PostgreSQL could not create its cluster.' "$LOCAL/log/initdb.log"
  rm "$LOCAL/postgres/password"
  touch "$LOCAL/postgres/complete"
  finish
}

# No socket in a file: its path may not exceed 107 bytes, and a checkout's may.
write_postgres_settings() {
  cat >"$LOCAL/postgres/data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
port = $POSTGRES_PORT
unix_socket_directories = ''
cluster_name = '$(cluster_name)'
max_connections = 300
shared_buffers = 256MB
max_wal_size = 2GB
fsync = on
synchronous_commit = on
password_encryption = scram-sha-256
timezone = UTC
log_timezone = UTC
log_line_prefix = '%m [%p] %d '
SETTINGS
}

# Seen in the process list, and how leftovers of this cluster are told from those of another.
cluster_name() { printf 'consentledger-%s' "$(printf '%s' "$LOCAL" | cksum | cut -d' ' -f1)"; }

# Backends of a killed server end by themselves within moments. Until then they hold its port, and a new one refuses to touch their memory.
no_leftover_backends() { ! grep -qsaz "^postgres: $(cluster_name): " /proc/[0-9]*/cmdline; }
await_leftover_backends() { await 30 no_leftover_backends || fail 'Backends of an earlier, killed PostgreSQL do not end.' "$LOCAL/log/postgres.log"; }

# A killed server whose parent never asks after it stays in the process table, and PostgreSQL takes it for alive.
# It does so, too, with a stranger who was given the number since then.
forget_dead_server() {
  local file=$LOCAL/postgres/data/postmaster.pid pid program
  [[ -f $file ]] && read -r pid <"$file" || return 0
  if read -r program 2>/dev/null <"/proc/$pid/comm" && [[ $program == postgres ]] && is_process "$pid" "$(born "$pid")"; then return 0; fi
  rm -f "$file"
}

postgres_settled() { stopped postgres || "$postgres_bin/pg_isready" -q -U consentledger -d postgres -h 127.0.0.1 -p "$POSTGRES_PORT"; }

start_postgres() {
  postgres_bin=$(postgres_programs || true)
  [[ -n $postgres_bin ]] || fail "There is no PostgreSQL $(<"$LOCAL/postgres/data/PG_VERSION") for the data in $LOCAL/postgres: install it, or run with --reset to start anew."
  make_cluster "$postgres_bin"
  write_postgres_settings
  begin "PostgreSQL $("$postgres_bin/postgres" --version | cut -d' ' -f3) on 127.0.0.1:$POSTGRES_PORT"
  forget_dead_server
  rotate postgres
  with_data launch postgres "${as_postgres[@]}" "$postgres_bin/postgres" -D "$data"
  await 120 postgres_settled && running postgres || fail 'PostgreSQL did not start.' "$LOCAL/log/postgres.log"
  finish
}

# INT is a fast, orderly shutdown; QUIT is an immediate one that still ends the backends.
stop_postgres() { end postgres INT 60 QUIT; }

postgres_address() { printf 'Host=127.0.0.1;Port=%s;Username=consentledger;Password=%s' "$POSTGRES_PORT" "$(<"$LOCAL/keys/postgres.password")"; }

# sql DATABASE STATEMENT
sql() {
  PGPASSWORD=$(<"$LOCAL/keys/postgres.password") PGCONNECT_TIMEOUT=10 \
    "$(postgres_programs)/psql" -h 127.0.0.1 -p "$POSTGRES_PORT" -U consentledger -d "$1" -XAtq -v ON_ERROR_STOP=1 -c "$2"
}

make_database() {
  [[ -n $(sql postgres "select 1 from pg_database where datname = '$1'") ]] || sql postgres "create database $1"
}
