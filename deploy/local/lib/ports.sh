# Ports on 127.0.0.1, as the kernel's own table has them.

# inodes_on PORT: of the sockets that have this local port. Inode 0 is a socket whose process is gone: it hinders nobody.
inodes_on() {
  local hex tables=(/proc/net/tcp)
  printf -v hex ':%04X' "$1"
  [[ ! -e /proc/net/tcp6 ]] || tables+=(/proc/net/tcp6)
  awk -v port="$hex" 'index($2, port) == length($2) - 4 && $10 != 0 { print $10 }' "${tables[@]}"
}

taken() { [[ -n $(inodes_on "$1") ]]; }
free() { ! taken "$1"; }

# holder_of PORT: " by process N (its command)", or nothing where we may not look.
holder_of() {
  local inode fd pid
  read -r inode < <(inodes_on "$1") || return 0
  for fd in /proc/[0-9]*/fd/*; do
    [[ $(readlink "$fd" 2>/dev/null) == "socket:[$inode]" ]] || continue
    pid=${fd#/proc/} pid=${pid%%/*}
    printf ' by process %s (%s)' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-80)"
    return
  done
}

# The ports of the servers. They may move, unless asked for by name: everybody reads the addresses from env.
port_names=(POSTGRES_PORT AMQP_PORT AMQP_MANAGEMENT_PORT DIST_PORT EPMD_PORT)
declare -A asked_port
for name in "${port_names[@]}"; do asked_port[$name]=${!name:-}; done
unset name

# settle_port VARIABLE DEFAULT: the port asked for, else the one it had before, else the first free one from the default on.
# What a killed server leaves on its port goes within moments, and its clients come back to where they knew it.
settle_port() {
  local -n port=$1
  local asked=${asked_port[$1]}
  if [[ -n $asked ]]; then
    ! taken "$asked" || fail "Port $asked ($1) is in use$(holder_of "$asked"). Name another: $1=<port>."
    port=$asked
  else
    [[ -n $port ]] && await "${PORT_SECONDS:-5}" free "$port" || port=$2
    while taken "$port"; do port=$((port + 1)); done
  fi
}

recall_ports() {
  local name
  for name in "${port_names[@]}"; do
    printf -v "$name" '%s' "$(sed -n "s/^$name=//p" "$LOCAL/ports" 2>/dev/null)"
  done
}

record_ports() {
  local name
  for name in "${port_names[@]}"; do printf '%s=%s\n' "$name" "${!name}"; done | write_private "$LOCAL/ports"
}
