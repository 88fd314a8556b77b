# What a person sees: one short line a step, ending in a check mark and the time it took.

if [[ -t 1 ]]; then
  green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' bold=$'\e[1m' plain=$'\e[0m'
else
  green='' red='' dim='' bold='' plain=''
fi
step_open=''

microseconds() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }

begin() {
  printf '  %s ' "$1"
  step_open=yes
  step_since=$(microseconds)
}

dot() { printf '%s.%s' "$dim" "$plain"; }

finish() {
  local tenths=$((($(microseconds) - step_since) / 100000))
  printf '%s✓%s %s%s%d.%d s%s\n' "$green" "$plain" "$dim" "${1:+$1, }" $((tenths / 10)) $((tenths % 10)) "$plain"
  step_open=''
}

note() { printf '  %s%s%s\n' "$dim" "$1" "$plain"; }

title() { printf '%s%s%s\n' "$bold" "$1" "$plain"; }

# fail SENTENCE [LOG]: the sentence, the end of the log that explains it, and out.
fail() {
  [[ -z $step_open ]] || printf '%s✗%s\n' "$red" "$plain"
  step_open=''
  printf '%s✗ %s%s\n' "$red" "$1" "$plain" >&2
  if [[ -n ${2:-} && -s ${2:-} ]]; then
    printf '  the last lines of %s:\n' "$2" >&2
    tail -n "${TAIL_LINES:-15}" "$2" | sed 's/^/    /' >&2
  fi
  exit 1
}

# await SECONDS CONDITION...: polls until the condition holds; false when the time is up.
await() {
  local deadline=$((EPOCHSECONDS + $1)) polls=0
  shift
  until "$@"; do
    ((EPOCHSECONDS < deadline)) || return 1
    sleep 0.1
    ((++polls % 5)) || dot
  done
}

# at_exit COMMAND...: done when this script ends, however it ends (but kill -9); the last one asked for comes first.
exit_actions=()
at_exit() {
  exit_actions=("$(printf '%q ' "$@")" "${exit_actions[@]}")
  trap leave EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

leave() {
  leaving=$?
  local action
  trap '' HUP INT TERM
  set +e
  [[ -z $step_open ]] || echo
  step_open=''
  for action in "${exit_actions[@]}"; do eval "$action"; done
  exit "$leaving"
}
