# The processes we started, and no others. A pid alone may belong to a stranger by now; a pid together with the
# moment it was born names one process, so pids/<name> holds both.
# /proc is read with "read": a "$(<file)" of a file that is gone ends a script under "set -e", whatever follows it.

# born PID: its start time in clock ticks since boot (field 22 of /proc/PID/stat).
born() {
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  read -ra stat <<<"${stat##*) }"
  printf '%s' "${stat[19]}"
}

# is_process PID BORN: that very process is there, and not merely waiting for its parent to notice its end (state Z, and X after it).
# Its command line says nothing: it is empty for a moment while a process becomes another program.
is_process() {
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  read -ra stat <<<"${stat##*) }"
  [[ ${stat[0]} != [ZX] && ${stat[19]} == "$2" ]]
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
    drop_files
    exec setsid "$@" </dev/null >>"$LOCAL/log/$name.log" 2>&1
  ) &
  printf '%s %s\n' "$!" "$(born $!)" >"$LOCAL/pids/$name"
}

# What outlives this script must not keep its locks and pipes; 9 is a folder that PostgreSQL is given.
drop_files() {
  local file
  for file in "/proc/$BASHPID/fd"/*; do
    file=${file##*/}
    ((file < 3 || file == 9 || file == 255)) || exec {file}>&-
  done
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

# attend COMMAND...: like calling it, but a signal to this script is heard at once, and ends the command and all it started.
# These are found by a mark in their environment: it is inherited, whatever sessions and parents they choose.
attend() {
  mark_attended "$@" &
  wait "$!"
}

# attend_into LOG COMMAND...: the log gets what the command says, not what the trap says that ends it.
attend_into() {
  local log=$1
  shift
  mark_attended "$@" >"$log" 2>&1 &
  wait "$!"
}

attended_mark=CONSENTLEDGER_ATTENDED_BY=$$.$(born $$)
mark_attended() { exec env "$attended_mark" "$@"; }

attended() { grep -lsxzF "$attended_mark" /proc/[0-9]*/environ | cut -d/ -f3; }
none_attended() { [[ -z $(attended) ]]; }

end_attended() {
  local signal
  if none_attended; then return; fi
  begin 'Ending what was still at work'
  for signal in TERM KILL; do
    attended | xargs -r kill -s "$signal" 2>/dev/null || true
    if await 10 none_attended; then break; fi
  done
  finish
}
