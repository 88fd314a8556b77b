# The three services, each run from a copy of its build: a build for tests must not pull the files from under them.

services=(consent marketing-preference erasure-orchestrator)
declare -A assembly=(
  [consent]=ConsentLedger.Consent
  [marketing-preference]=ConsentLedger.MarketingPreference
  [erasure-orchestrator]=ConsentLedger.ErasureOrchestrator
)
declare -A port_name=([consent]=CONSENT_PORT [marketing-preference]=PREFERENCE_PORT [erasure-orchestrator]=ERASURE_PORT)
declare -A port=(
  [consent]=${CONSENT_PORT:-5101}
  [marketing-preference]=${PREFERENCE_PORT:-5102}
  [erasure-orchestrator]=${ERASURE_PORT:-5103}
)
databases=(consent consent_vault preference erasure erasure_vault)

url_of() { printf 'http://127.0.0.1:%s' "${port[$1]}"; }

# Four pools of this size leave nearly half of the server's connections to tests that run beside.
database() { printf '%s;Database=%s;Maximum Pool Size=40' "$POSTGRES" "$1"; }

settings_of() {
  printf '%s\n' "ASPNETCORE_URLS=$(url_of "$1")" "Broker__Uri=$AMQP_URL" \
    "Auth__Issuer=$issuer" "Auth__Audience=$audience" "Auth__JwksFile=$jwks" \
    "Ledger__Origin=local.consentledger/$1" "Ledger__SigningKeyFile=$LOCAL/keys/$1.log-key"
  case $1 in
    consent)
      printf '%s\n' "ConnectionStrings__Ledger=$(database consent)" "ConnectionStrings__Vault=$(database consent_vault)" \
        "Vault__KekFile=$LOCAL/keys/consent.kek"
      ;;
    marketing-preference)
      printf '%s\n' "ConnectionStrings__Ledger=$(database preference)" \
        "Links__KeyFile=$LOCAL/keys/links.key" "Links__PublicUrl=$(url_of "$1")" \
        "Consent__Url=$(url_of consent)" "Consent__TokenFile=$LOCAL/tokens/$1" \
        "Erasure__Url=$(url_of erasure-orchestrator)"
      ;;
    erasure-orchestrator)
      printf '%s\n' "ConnectionStrings__Ledger=$(database erasure)" "ConnectionStrings__Vault=$(database erasure_vault)" \
        "Vault__KekFile=$LOCAL/keys/erasure.kek" "Links__PublicUrl=$(url_of "$1")" "Mail__Folder=$LOCAL/mail" "Mail__From=privacy@localhost" \
        "Consent__Url=$(url_of consent)" "Consent__TokenFile=$LOCAL/tokens/$1" \
        "Preference__Url=$(url_of marketing-preference)"
      ;;
  esac
  [[ -z ${OTEL_EXPORTER_OTLP_ENDPOINT:-} ]] || printf '%s\n' "OTEL_EXPORTER_OTLP_ENDPOINT=$OTEL_EXPORTER_OTLP_ENDPOINT"
}

need_service_ports() {
  local name
  for name in "${services[@]}"; do
    if running "$name" && grep -qsxF "ASPNETCORE_URLS=$(url_of "$name")" "$LOCAL/app/$name.settings"; then continue; fi
    ! taken "${port[$name]}" ||
      fail "Port ${port[$name]}, where $name should listen, is in use$(holder_of "${port[$name]}"). Choose another: ${port_name[$name]}=<port> deploy/local/run"
  done
}

build_of() { printf '%s/services/%s/bin/Release/net10.0' "$ROOT" "$1"; }

ready() { answers "$(url_of "$1")/healthz/ready"; }
settled() { stopped "$1" || ready "$1"; }

unchanged() {
  diff -rq "$(build_of "$1")" "$LOCAL/app/$1" >/dev/null 2>&1 &&
    diff -q <(settings_of "$1") "$LOCAL/app/$1.settings" >/dev/null 2>&1
}

# start_services: those that run, are ready and have not changed are left alone.
start_services() {
  local name to_await=()
  for name in "${services[@]}"; do
    if running "$name" && unchanged "$name" && ready "$name"; then
      note "$name runs already at $(url_of "$name")."
    else
      stop_service "$name"
      start_service "$name"
      to_await+=("$name")
    fi
  done
  for name in "${to_await[@]}"; do
    begin "$name at $(url_of "$name")"
    await 60 settled "$name" && running "$name" || fail "$name is not ready: $(why_not_ready "$name")" "$LOCAL/log/$name.log"
    finish
  done
}

why_not_ready() {
  if stopped "$1"; then printf 'it ended.'; else printf '/healthz/ready says: %s' "$(http GET "$(url_of "$1")/healthz/ready" | head -c 400)"; fi
}

start_service() {
  local name=$1 settings
  [[ -f $(build_of "$name")/${assembly[$name]}.dll ]] || fail "The build left no ${assembly[$name]}.dll for $name."
  mkdir -p "$LOCAL/app"
  rm -rf "$LOCAL/app/$name"
  cp -a "$(build_of "$name")" "$LOCAL/app/$name"
  settings_of "$name" | write_private "$LOCAL/app/$name.settings"
  mapfile -t settings <"$LOCAL/app/$name.settings"
  rotate "$name"
  started_services+=("$name")
  (cd "$LOCAL/app/$name" && launch "$name" env "${settings[@]}" dotnet "${assembly[$name]}.dll")
}

stop_service() { end "$1" TERM 30 KILL; }

started_services=()
undo_services() {
  local name
  for name in "${started_services[@]}"; do stop_service "$name"; done
}

stop_services() {
  local name
  # Against the direction of the calls between them.
  for name in erasure-orchestrator marketing-preference consent; do
    running "$name" || continue
    begin "Stopping $name"
    stop_service "$name" || fail "$name does not end."
    finish
  done
}

status_of_services() {
  local name state
  for name in "${services[@]}"; do
    if [[ -d $LOCAL/pids ]] && running "$name"; then
      local url
      url=$(sed -n 's/^ASPNETCORE_URLS=//p' "$LOCAL/app/$name.settings")
      state="${green}ready${plain}"
      answers "$url/healthz/ready" || state="${red}not ready${plain}"
      printf '  %-22s %sup%s    pid %-8s %s  %s\n' "$name" "$green" "$plain" "$(pid_of "$name")" "$url" "$state"
    else
      printf '  %-22s %sdown%s\n' "$name" "$red" "$plain"
    fi
  done
}
