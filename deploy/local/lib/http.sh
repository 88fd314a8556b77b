# A request without curl, which a bare Debian lacks.

# http METHOD http://[user:password@]host:port/path [JSON]: prints the body; true on 2xx.
http() {
  local method=$1 url=${2#http://} body=${3:-} authority path host port socket status line
  authority=${url%%/*} path=/${url#*/} host=${authority##*@}
  port=${host##*:} host=${host%:*}
  { exec {socket}<>"/dev/tcp/$host/$port"; } 2>/dev/null || return 1
  # The other side may close while we write; the missing status tells.
  (
    trap '' PIPE
    printf '%s %s HTTP/1.0\r\nHost: %s:%s\r\nConnection: close\r\n' "$method" "$path" "$host" "$port"
    [[ $authority != *@* ]] || printf 'Authorization: Basic %s\r\n' "$(printf '%s' "${authority%@*}" | base64 -w0)"
    printf 'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body"
  ) 1>&"$socket" 2>/dev/null || true
  status=''
  IFS=' ' read -r -t 10 _ status _ <&"$socket" || true
  while IFS= read -r -t 10 line <&"$socket" && [[ $line != $'\r' ]]; do :; done
  timeout 10 cat <&"$socket" 2>/dev/null || true
  exec {socket}>&-
  [[ $status == 2* ]]
}

answers() { http GET "$1" >/dev/null; }
