# The processes we started, and no others. A pid alone may belong to a stranger by now; a pid together with the
# moment it was born names one process, so pids/<name> holds both.

# born PID: its start time in clock ticks since boot (field 22 of /proc/PID/stat).
born() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  read -ra stat <<<"${stat##*) }"
  printf '%s' "${stat[19]}"
}

# is_process PID BORN: that very process is there, and not merely waiting for its parent to notice its end.
is_process() {
  local command
  [[ $(born "$1") == "$2" ]] || return 1
  { command=$(tr '\0' ' ' <"/proc/$1/cmdline"); } 2>/dev/null
  [[ -n $command ]]
}

pid_of() {
  local pid rest
  read -r pid rest 2>/dev/null <"$LOCAL/pids/$1" || return 1
  printf '%s' "$pid"
}

running() {
  local pid since
  [[ -f $LOCAL/pids/$1 ]] && read -r pid since <"$LOCAL/pids/$1" && is_process "$pid" "$since"
}

stopped() { ! running "$1"; }

# launch NAME COMMAND...: in a session of its own, so that Ctrl-C in our terminal does not reach it; its log is log/NAME.log.
launch() {
  local name=$1
  shift
  (
    # A child that kept the lock open would keep it locked.
    [[ -z ${place_lock:-} ]] || exec {place_lock}>&-
    [[ -z ${machine_lock:-} ]] || exec {machine_lock}>&-
    exec setsid "$@" </dev/null >>"$LOCAL/log/$name.log" 2>&1
  ) &
  printf '%s %s\n' "$!" "$(born $!)" >"$LOCAL/pids/$name"
}

# end NAME SIGNAL SECONDS LAST_SIGNAL: asks, waits, and insists.
end() {
  local name=$1 pid
  if running "$name"; then
    pid=$(pid_of "$name")
    kill -s "$2" "$pid" 2>/dev/null || true
    await "$3" stopped "$name" || {
      kill -s "$4" "$pid" 2>/dev/null || true
      await 10 stopped "$name" || return 1
    }
  fi
  rm -f "$LOCAL/pids/$name"
}

# rotate NAME: a fresh log, the one before kept.
rotate() { [[ ! -s $LOCAL/log/$1.log ]] || mv -f "$LOCAL/log/$1.log" "$LOCAL/log/$1.log.1"; }
