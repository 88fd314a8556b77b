# Where this checkout keeps what it runs: everything below .local/, which git ignores and --reset deletes.
# CONSENTLEDGER_LOCAL names another folder, for a second pair of servers that a test may kill.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
LOCAL=${CONSENTLEDGER_LOCAL:-$ROOT/.local}

# Settings of somebody's own PostgreSQL or RabbitMQ must not reach ours.
for name in $(compgen -v PG || true) $(compgen -v RABBITMQ_ || true); do unset "$name"; done
unset name
export LC_ALL=C.UTF-8

make_place() {
  mkdir -p "$LOCAL"/{keys,log,pids,needed-by}
  LOCAL=$(cd "$LOCAL" && pwd -P)
  # PostgreSQL's account must walk through; the folders that hold secrets are closed one by one.
  chmod 755 "$LOCAL"
  chmod 700 "$LOCAL"/{keys,log,pids,needed-by}
  printf '*\n' >"$LOCAL/.gitignore"
}

# write_private FILE: stdin into a file that nobody else may read, whole or not at all.
write_private() {
  (umask 077 && cat >"$1.new")
  mv -f "$1.new" "$1"
}

# One caller at a time changes what runs here. The lock is the kernel's, so a killed script leaves none behind.
lock_place() { lock "$LOCAL/lock" "Another script has been starting or stopping the servers of $LOCAL for three minutes."; }

# Two checkouts that start in the same moment must not choose the same port: one start at a time on this machine.
# The folder itself is locked, so there is no file to own, to leave behind or to be in another account's way.
lock_machine() { lock /tmp 'Another checkout on this machine has been starting its servers for three minutes.'; }

# lock FILE SENTENCE: until this script ends.
lock() {
  local handle
  [[ -e $1 ]] || : >"$1"
  exec {handle}<"$1"
  flock -w "${LOCK_SECONDS:-180}" "$handle" || fail "$2"
}
