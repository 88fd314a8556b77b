# What the machine must have: the .NET SDK and some space, which we ask for, and servers, which we install.

need_sdk() {
  local version='' wanted='Install the .NET 10 SDK from https://dotnet.microsoft.com/download/dotnet/10.0 and put dotnet on the PATH.'
  command -v dotnet >/dev/null || fail "There is no dotnet here. $wanted"
  # In the checkout, where global.json has its say.
  version=$(cd "$ROOT" && dotnet --version 2>&1) || fail "dotnet --version fails: ${version%%$'\n'*} $wanted"
  [[ $version =~ ^([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 10)) || fail "dotnet --version says $version. $wanted"
}

need_space() {
  local free_kb
  free_kb=$(df -Pk "$ROOT" | awk 'NR == 2 { print $4 }')
  ((free_kb >= 2 * 1024 * 1024)) ||
    fail "Only $((free_kb / 1024)) MB are free on the disk of $ROOT; servers, build and data need 2 GB."
}

mention_docker() {
  ! command -v docker >/dev/null || ! timeout 5 docker info >/dev/null 2>&1 ||
    note 'A Docker engine answers here: "docker compose up" is the other way to run all this.'
}

# lacking PART...: the Debian packages of these parts (servers, clients, steps, browser) that are not there.
lacking() {
  local part
  for part in "$@"; do
    case $part in
      servers)
        compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql
        [[ -n $(rabbitmq_programs) ]] || echo rabbitmq-server
        command -v openssl >/dev/null || echo openssl
        ;;
      clients)
        command -v node >/dev/null || echo nodejs
        command -v npm >/dev/null || echo npm
        ;;
      # What README.md's first steps are typed with.
      steps)
        lacking clients
        command -v curl >/dev/null || echo curl
        ;;
      browser) [[ -n ${CHROMIUM:-} ]] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo chromium ;;
    esac
  done
}

need() {
  local packages log=$LOCAL/log/apt.log
  mapfile -t packages < <(lacking "$@")
  ((${#packages[@]})) || return 0
  command -v apt-get >/dev/null ||
    fail "Missing: ${packages[*]} (by their Debian names). This machine has no apt-get: please install them."
  ((EUID == 0)) ||
    fail "Missing: ${packages[*]}. Only root may install them: sudo apt-get install ${packages[*]}"
  note "Installing from Debian: ${packages[*]}. Services that come along are neither started nor used."
  begin 'apt-get install'
  keep_services_down
  quiet_apt update >"$log" 2>&1 || fail 'apt-get update failed.' "$log"
  quiet_apt install -y --no-install-recommends "${packages[@]}" >>"$log" 2>&1 || fail 'apt-get install failed.' "$log"
  let_services_be
  finish
}

# want PART...: the same, where the rest makes sense without it.
want() {
  local packages
  mapfile -t packages < <(lacking "$@")
  ((${#packages[@]})) || return 0
  # What the script does at its end is not for this part of it to do.
  (exit_actions=() && need "$@") || note "Going on without ${packages[*]}: what takes it is skipped, or says so."
}

quiet_apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null; }

# Debian packages start their services unless this file forbids it. One that is there is its owner's word, and stays.
policy=/usr/sbin/policy-rc.d
keep_services_down() {
  [[ ! -e $policy ]] || return 0
  printf '#!/bin/sh\n# Written for the minutes of one apt-get by ConsentLedger: install, but start nothing.\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  at_exit let_services_be
}

let_services_be() { ! grep -qs 'by ConsentLedger' "$policy" || rm -f "$policy"; }
