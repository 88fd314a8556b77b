# The test projects, two at a time, and what their reports say.

results=$LOCAL/log/tests.$$
jobs_at_once=2
# Tests that kill servers start pairs of their own below this folder: CONSENTLEDGER_LOCAL=$CONSENTLEDGER_SPARES/<name> servers up
export CONSENTLEDGER_SPARES=$LOCAL/spares.$$

# Services are started by the hundred and live for seconds: what the runtime would learn of them, to compile them better, is never earned back.
export DOTNET_TieredPGO=0

# The packages of the foreign clients and of tests, as their lock files name them; untouched where they are there already.
install_clients() {
  local lock folder
  for lock in "$ROOT"/tests/*/package-lock.json "$ROOT"/tests/clients/*/package-lock.json; do
    folder=${lock%/*}
    [[ -f $lock && ! $folder/node_modules/.package-lock.json -nt $lock ]] || continue
    begin "npm ci in ${folder#"$ROOT"/}"
    attend_into "$LOCAL/log/npm.log" npm ci --prefix "$folder" --no-audit --no-fund --no-update-notifier ||
      fail "npm could not install what ${lock#"$ROOT"/} names." "$LOCAL/log/npm.log"
    finish
  done
}

# Those that take longest come first, so that none of them is left alone at the end; the one that kills servers under load
# comes last, and alone, because it would starve its neighbours.
longest=(Journeys MarketingPreference.Tests Pages.Tests Promises ErasureOrchestrator.Tests Consent.Tests)

# Test projects are those whose build has a test adapter.
projects() {
  compgen -G "$ROOT/tests/*/bin/Release/net10.0/xunit.runner.visualstudio.testadapter.dll" | sed 's|/bin/Release/.*||; s|.*/||' |
    awk -v longest="${longest[*]}" '
      BEGIN { n = split(longest, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i; rank["Chaos"] = n + 2 }
      { print ($0 in rank ? rank[$0] : n + 1), $0 }' | sort -k1,1n -k2 | cut -d' ' -f2
}

run_projects() {
  local project
  mkdir -p "$results"
  for project in $(projects); do
    # What a project that is gone has left behind.
    [[ -f $ROOT/tests/$project/$project.csproj ]] || continue
    [[ $project != Chaos ]] || wait
    while (($(jobs -rp | wc -l) >= jobs_at_once)); do wait -n || true; done
    run_project "$project" "$@" &
  done
  wait
}

# The assembly, not the project, which would be evaluated again to find it. A test host that hangs is ended with the name of its test; nothing may wait for ever.
run_project() {
  local project=$1 log=$results/$1.log since=$SECONDS code=0
  shift
  (mark_attended dotnet test "$ROOT/tests/$project/bin/Release/net10.0/ConsentLedger.$project.dll" --nologo \
    --results-directory "$results/$project" --logger 'trx;LogFileName=results.trx' \
    --blame-hang-timeout 15m --blame-hang-dump-type none "$@") >"$log" 2>&1 </dev/null || code=$?
  printf '%s\n' "$code" >"$results/$project.code"
  report "$project" "$code" $((SECONDS - since))
}

# counted PROJECT: passed, failed and skipped, from the report's counters.
counted() {
  local total=0 executed=0 passed=0 report=$results/$1/results.trx
  if [[ -f $report ]]; then
    total=$(counter total "$report") executed=$(counter executed "$report") passed=$(counter passed "$report")
  fi
  local failed=$((executed - passed))
  # A host that crashed reports what it got through, and no failure.
  if ((failed == 0)) && [[ $(<"$results/$1.code") != 0 ]]; then failed=1; fi
  printf '%d %d %d\n' "$passed" "$failed" $((total - executed))
}

counter() { sed -n "s/.*<Counters .*\b$1=\"\([0-9]*\)\".*/\1/p" "$2"; }

report() {
  local passed failed skipped
  read -r passed failed skipped < <(counted "$1")
  if (($2 == 0)); then
    ((passed + skipped == 0)) || printf '  %-28s %s✓%s %d passed%s %s%d s%s\n' "$1" "$green" "$plain" "$passed" "$(skips "$skipped")" "$dim" "$3" "$plain"
  else
    printf '  %-28s %s✗ %d failed%s, %d passed%s %s%d s%s\n' "$1" "$red" "$failed" "$plain" "$passed" "$(skips "$skipped")" "$dim" "$3" "$plain"
    # One write, so that the project that runs beside does not speak in between.
    printf '%s\n' "$(failures <"$results/$1.log" | head -n 200)"
  fi
}

skips() { (($1 == 0)) || printf ', %d skipped' "$1"; }

# The runner's own account of each failure, without its progress lines.
failures() { grep -vE '^\[xUnit\.net|^ *Passed |^ *$|^Results File:|^Test run for |^VSTest version|^Starting test execution|^A total of |^Data collector .Blame. message' | cut -c1-240 | sed 's/^/    /'; }

take_down() {
  local spare
  jobs -rp | xargs -r kill 2>/dev/null
  end_attended
  # The tests that started them may have been killed.
  for spare in "$CONSENTLEDGER_SPARES"/*/; do
    [[ -d $spare/pids ]] || continue
    CONSENTLEDGER_LOCAL=$spare "$here/servers" down >/dev/null || true
  done
  rm -rf "$CONSENTLEDGER_SPARES"
  "$here/servers" down --for $$
}

# failed_tests PROJECT: a line for each that failed, with what it said.
failed_tests() {
  [[ -f $results/$1/results.trx ]] || return 0
  awk -v project="$1" '
    function text(line) { gsub(/&quot;/, "\"", line); gsub(/&apos;/, "\047", line); gsub(/&lt;/, "<", line); gsub(/&gt;/, ">", line); gsub(/&#x[AD];/, " ", line); gsub(/&amp;/, "\\&", line); return line }
    /<UnitTestResult .* outcome="Failed"/ { name = $0; sub(/.* testName="/, "", name); sub(/".*/, "", name) }
    name != "" && /<Message>/ { said = ""; inside = 1; sub(/.*<Message>/, "") }
    inside { gsub(/^ +/, ""); said = said $0 " " }
    inside && /<\/Message>/ { sub(/<\/Message>.*/, "", said); print substr(text(project ": " name ": " said), 1, 400); name = ""; inside = 0 }
  ' "$results/$1/results.trx"
}

# The last word, also after a build that failed: what failed, the numbers, and the exit code that goes with them.
sum_up() {
  local passed=0 failed=0 skipped=0 file p f s
  for file in "$results"/*.code; do
    [[ -f $file ]] || continue
    read -r p f s < <(counted "$(basename "$file" .code)")
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    ((f == 0)) || failed_tests "$(basename "$file" .code)" | sed "s/.*/  $red✗$plain &/"
  done
  rm -rf "$LOCAL/log/tests"
  [[ ! -d $results ]] || mv "$results" "$LOCAL/log/tests"
  ((failed == 0 && passed > 0)) || ((leaving != 0)) || leaving=1
  printf '%d passed, %d failed%s\n' "$passed" "$failed" "$(skips "$skipped")"
}
