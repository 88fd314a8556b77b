# Which engine keeps the events: Marten where its package restores, the native one elsewhere. Both keep the same rows.

# choose_engine: sets MARTEN for the builds that follow, and says why.
choose_engine() {
  local log=$LOCAL/log/engine.log
  case ${MARTEN:-} in
    true) note 'Events are kept by Marten, because MARTEN=true.' ;;
    false) note 'Events are kept by the native engine, because MARTEN=false.' ;;
    '')
      begin 'Does Marten restore here?'
      MARTEN=false
      ! attend_into "$log" dotnet restore "$ROOT/shared/EventStore.Marten/EventStore.Marten.csproj" -p:Marten=true || MARTEN=true
      finish
      if [[ $MARTEN == true ]]; then note 'Yes: events are kept by Marten. MARTEN=false chooses the native engine.'
      else note "No, so events are kept by the native engine. $(why_not_marten <"$log")"; fi
      ;;
    *) fail "MARTEN is '$MARTEN'. It may be true, false or unset." ;;
  esac
  export MARTEN
}

why_not_marten() { sed -n 's/.*error \(NU[0-9]*: [^[]*\).*/\1/p' | head -n 1 | cut -c1-200; }
