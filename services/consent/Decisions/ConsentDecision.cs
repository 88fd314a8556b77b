using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions;

/// <summary>"May this be done to this person's data?" (GDPR art. 6)</summary>
/// <param name="Purpose">One that the policy declares, or <see cref="UseOfService"/>.</param>
/// <param name="Scope">The right at another provider, where the purpose is an authorisation.</param>
/// <param name="Category">The kind of person, where the policy treats kinds differently.</param>
/// <param name="Jurisdiction">ISO 3166 code of the place whose law holds.</param>
/// <param name="Destination">ISO 3166-1 code of the country that data would leave for.</param>
public sealed record DecisionRequest(
    SubjectId Subject, string Purpose, string? Channel = null, string? Recipient = null, string? Scope = null, string? Category = null, string? Jurisdiction = null, string? Destination = null)
{
    /// <summary>"May this person use the service, as far as its terms go?"</summary>
    public const string UseOfService = "use-of-service";
}

/// <param name="Code">Why, for programs; stable. docs/decisions.md says what each rests on.</param>
/// <param name="Basis">The lawful basis a yes rests on.</param>
/// <param name="Position">The event the answer rests on, by its place in the ledger.</param>
/// <param name="Interest">The legitimate interest pursued, where that is the basis.</param>
/// <param name="Safeguard">What makes the transfer lawful that was asked about.</param>
public sealed record DecisionAnswer(
    bool Allowed, string Code, LawfulBasis? Basis, long? Position, string? PolicyVersion, string? Interest = null, Safeguard? Safeguard = null);

/// <summary>The one decision, for the API, the page and the gate. Whatever is not known answers no.</summary>
public static class ConsentDecision
{
    /// <summary>CJEU C-311/18. What an older policy calls a safeguard is none from here on.</summary>
    private static readonly DateTimeOffset EndOfPrivacyShield = new(2020, 7, 16, 0, 0, 0, TimeSpan.Zero);

    /// <param name="person">The subject asked about, and after it the others who are the same person.</param>
    /// <param name="policies">As known at the moment of the decision.</param>
    /// <param name="now">That moment.</param>
    public static DecisionAnswer Decide(DecisionRequest request, IReadOnlyList<SubjectConsents> person, PolicyBook policies, DateTimeOffset now)
    {
        var pack = policies.Current;
        if (person[0].Erasure != Erasure.None) return No("subject_erased", pack);
        if (request.Purpose == DecisionRequest.UseOfService && pack is not null) return DecideUse(person, policies, pack);

        var named = new Named(request.Purpose, request.Channel, request.Recipient, request.Jurisdiction, request.Scope is null ? null : [request.Scope]);
        if (Declared.Check(pack, named) is { } undeclared) return No(undeclared.Code, pack);
        var purpose = pack!.FindPurpose(request.Purpose)!;
        if (purpose.SubjectCategories.Count > 0 && request.Category is null) return No("category_required", pack);
        if (request.Category is not null && !purpose.Concerns(request.Category)) return No("category_excluded", pack);

        var lane = named.LanesUnder(pack)[0];
        var consent = Consent.Of(lane, purpose, person, policies, now);
        if (person.SelectMany(p => p.Restrictions).Where(r => r.Covers(purpose.Id) && !purpose.StandsUnderRestriction && !consent.Since(r.OccurredAt)).MaxBy(r => r.Place.Position) is { } restriction)
            return No("processing_restricted", pack, restriction.Place);
        if (Stopping(purpose, person, consent) is { } objection) return No(objection.Upheld is null ? "objection_pending" : "subject_objected", pack, objection.Place);
        if (Signal(request, purpose, pack, person, consent) is { } signal) return No("signal_objected", pack, signal.Place);

        var answer = OnBasis(request, purpose, pack, person, consent);
        return answer.Allowed && request.Destination is { } destination ? Abroad(answer, destination, purpose, pack, person, policies, now) : answer;
    }

    private static DecisionAnswer OnBasis(DecisionRequest request, Purpose purpose, PolicyPack pack, IReadOnlyList<SubjectConsents> person, Consent consent)
    {
        if (consent is { Fault: null, State: { } given } && purpose.RestsOn(LawfulBasis.Consent)) return new(true, "consent_given", LawfulBasis.Consent, given.Place.Position, pack.Version);
        if (consent is { State.IsNo: true } no) return No(no.Fault!, pack, no.State.Place);

        // Sharing with someone else, or a purpose that names consent, never falls back on another basis.
        if (purpose.RestsOn(LawfulBasis.Consent))
        {
            // Where the law lets silence pass, it passes as silence: nobody consented.
            if (consent.State is null or { Status: LaneStatus.Asked } && pack.RegimeFor(purpose, request.Jurisdiction) == Regime.OptOut) return new(true, "opt_out_regime", null, null, pack.Version);
            return No(consent.Fault ?? "consent_unknown", pack, consent.State?.Place);
        }

        if (purpose.Bases.Count == 0) return No("basis_missing", pack);
        var basis = Standing(purpose, person).First();
        return new(true, "rests_on_other_basis", basis.Basis, null, pack.Version, basis.Interest);
    }

    /// <summary>What is left to rest on: an objection to a purpose takes legitimate interests and the public task away, and no contract (GDPR art. 21(1)).</summary>
    private static IEnumerable<PurposeBasis> Standing(Purpose purpose, IReadOnlyList<SubjectConsents> person)
    {
        var objected = person.SelectMany(p => p.Objections).Any(o => o.To == ObjectionTo.Purpose && o.Purpose == purpose.Id && o.Stands);
        return purpose.Bases.Where(b => !objected || b.Basis is not (LawfulBasis.LegitimateInterests or LawfulBasis.PublicTask));
    }

    private static Objection? Stopping(Purpose purpose, IReadOnlyList<SubjectConsents> person, Consent consent) => person.SelectMany(p => p.Objections)
        .Where(o => o.Stands && !consent.Since(o.OccurredAt) && o.To switch
        {
            ObjectionTo.Marketing => purpose.Marketing,
            ObjectionTo.Profiling => purpose.Profiling,
            _ => o.Purpose == purpose.Id && !Standing(purpose, person).Any(),
        }).MaxBy(o => o.Place.Position);

    private static Signalled? Signal(DecisionRequest request, Purpose purpose, PolicyPack pack, IReadOnlyList<SubjectConsents> person, Consent consent) =>
        pack.Tracking is { } tracking && tracking.Purposes.Contains(purpose.Id) && (request.Jurisdiction is null || tracking.HonoursPrivacyControl(request.Jurisdiction))
            ? person.SelectMany(p => p.Signals.Values).Where(s => s.Honoured && !consent.Since(s.OccurredAt)).MaxBy(s => s.Place.Position)
            : null;

    private static DecisionAnswer Abroad(
        DecisionAnswer answer, string destination, Purpose purpose, PolicyPack pack, IReadOnlyList<SubjectConsents> person, PolicyBook policies, DateTimeOffset now)
    {
        if (!Jurisdictions.Leaves(pack.Controller.Country, destination)) return answer;
        var transfers = pack.TransfersFor(purpose, destination).ToList();
        if (transfers.Count == 0) return No("transfer_undeclared", pack);

        if (transfers.FirstOrDefault(t => t.Safeguard != Safeguard.Consent && (t.Safeguard != Safeguard.PrivacyShield || now < EndOfPrivacyShield)) is { } safe) return answer with { Safeguard = safe.Safeguard };
        var consents = transfers.Where(t => t.Safeguard == Safeguard.Consent)
            .SelectMany(t => person.SelectMany(p => p.Lanes.Keys).Where(l => l.Purpose == t.Purpose).Distinct())
            .Select(lane => Consent.Of(lane, pack.FindPurpose(lane.Purpose)!, person, policies, now));
        return consents.Any(c => c is { Fault: null, State: not null }) ? answer with { Safeguard = Safeguard.Consent }
            : No(transfers.Any(t => t.Safeguard == Safeguard.Consent) ? "transfer_not_authorised" : "transfer_safeguard_void", pack);
    }

    private static DecisionAnswer DecideUse(IReadOnlyList<SubjectConsents> person, PolicyBook policies, PolicyPack pack)
    {
        var answers = person.SelectMany(p => p.Terms).ToList();
        var revised = pack.Acceptance is { OnRevision: true } && policies.Versions.Count > 1;
        var last = (revised ? answers.Where(a => a.Key == pack.Version) : answers).Select(a => a.Value).MaxBy(a => a.OccurredAt);
        if (last is { Accepted: false }) return No("terms_declined", pack, last.Place);
        if (last is not null) return new(true, "terms_accepted", null, last.Place.Position, pack.Version);
        return revised || pack.Acceptance is { BeforeUse: true } ? No("terms_unanswered", pack) : new(true, "terms_not_asked", null, null, pack.Version);
    }

    private static DecisionAnswer No(string code, PolicyPack? pack, EventPlace? place = null) => new(false, code, null, place?.Position, pack?.Version);

    /// <summary>How a person's consent stands at a moment.</summary>
    /// <param name="State">What was said, or null where nothing was.</param>
    /// <param name="Fault">Why it allows nothing; null where it does.</param>
    private readonly record struct Consent(LaneState? State, string? Fault)
    {
        public static Consent Of(Lane lane, Purpose purpose, IReadOnlyList<SubjectConsents> person, PolicyBook policies, DateTimeOffset now)
        {
            var state = LaneState.Resolve([.. person.SelectMany(p => p.Answers(lane))], now);
            var age = person.Select(p => p.Age).FirstOrDefault(a => a is not null);
            return new(state, state switch
            {
                null => "consent_unknown",
                { Status: LaneStatus.Asked } => "consent_asked",
                { Status: LaneStatus.Pending } when state.Until > now => "consent_pending",
                { Status: LaneStatus.Refused } => "consent_refused",
                { Status: LaneStatus.Withdrawn } => "consent_withdrawn",
                { Status: LaneStatus.Voided } => "consent_voided",
                { Status: LaneStatus.Pending or LaneStatus.Expired } => "consent_expired",
                _ when state.Until <= now => "consent_expired",
                _ when policies.IsChangedSince(purpose.Id, state.PolicyVersion) => "renewal_needed",
                { Actor: Actor.Guardian } => age?.OfAgeFrom <= now ? "reaffirmation_needed" : null,
                _ => age?.ConsentsFrom > state.OccurredAt ? "guardian_needed" : null,
            });
        }

        /// <summary>Whether the person's own consent came after this, knowing of it.</summary>
        public bool Since(DateTimeOffset moment) => Fault is null && State is { Actor: Actor.Subject or Actor.Guardian } && State.OccurredAt > moment;
    }
}
