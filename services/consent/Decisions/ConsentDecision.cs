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
        // Whoever was erased under one of their ids is not to be heard of under another.
        if (person.Any(p => p.Erasure != Erasure.None)) return No("subject_erased", pack);
        if (person.Count > SubjectConsents.MostIds) return No("too_many_merged", pack);
        if (request.Purpose == DecisionRequest.UseOfService && pack is not null) return DecideUse(person, policies, pack);

        var named = new Named(request.Purpose, request.Channel, request.Recipient, request.Jurisdiction, request.Scope is null ? null : [request.Scope]);
        if (Declared.Check(pack, named) is { } undeclared) return No(undeclared.Code, pack);
        var purpose = pack!.FindPurpose(request.Purpose)!;
        if (purpose.SubjectCategories.Count > 0 && request.Category is null) return No("category_required", pack);
        if (request.Category is not null && !purpose.Concerns(request.Category)) return No("category_excluded", pack);

        var consent = Consent.Of(named, purpose, person, policies, now);
        if (person.SelectMany(p => p.Restrictions).Where(r => r.Covers(purpose.Id) && !purpose.StandsUnderRestriction && !consent.Since(r.OccurredAt, r.Place)).MaxBy(r => r.Place.Position) is { } restriction)
            return No("processing_restricted", pack, restriction.Place);
        if (Stopping(purpose, policies, person, consent) is { } objection) return No(objection.Upheld is null ? "objection_pending" : "subject_objected", pack, objection.Place);
        if (Signal(purpose, policies, person, consent) is { } signal) return No("signal_objected", pack, signal.Place);

        var answer = OnBasis(request, purpose, pack, person, consent, now);
        return answer.Allowed && request.Destination is { } destination ? Abroad(answer, request, destination, purpose, pack, person, policies, now) : answer;
    }

    private static DecisionAnswer OnBasis(DecisionRequest request, Purpose purpose, PolicyPack pack, IReadOnlyList<SubjectConsents> person, Consent consent, DateTimeOffset now)
    {
        if (consent is { Fault: null, State: { } given } && purpose.RestsOn(LawfulBasis.Consent)) return new(true, "consent_given", LawfulBasis.Consent, given.Place.Position, pack.Version);
        if (consent is { Fault: { } fault, SaidNo: true }) return No(fault, pack, consent.State!.Place);

        // Sharing with someone else, or a purpose that names consent, never falls back on another basis.
        if (purpose.RestsOn(LawfulBasis.Consent))
        {
            // Where the law lets silence pass, it passes as silence: nobody consented. A child's does not.
            if (consent.IsSilence && pack.RegimeFor(purpose, request.Channel, request.Jurisdiction) == Regime.OptOut && !person.Any(p => p.Age?.ConsentsFrom > now)) return new(true, "opt_out_regime", null, null, pack.Version);
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

    private static Objection? Stopping(Purpose purpose, PolicyBook policies, IReadOnlyList<SubjectConsents> person, Consent consent) => person.SelectMany(p => p.Objections)
        .Where(o => o.Stands && !consent.Since(o.OccurredAt, o.Place) && o.To switch
        {
            ObjectionTo.Marketing => policies.SaidSince(o.PolicyVersion, pack => pack.FindPurpose(purpose.Id) is { Marketing: true }),
            ObjectionTo.Profiling => policies.SaidSince(o.PolicyVersion, pack => pack.FindPurpose(purpose.Id) is { Profiling: true }),
            _ => o.Purpose == purpose.Id && !Standing(purpose, person).Any(),
        }).MaxBy(o => o.Place.Position);

    private static Signalled? Signal(Purpose purpose, PolicyBook policies, IReadOnlyList<SubjectConsents> person, Consent consent) => person.SelectMany(p => p.Signals.Values)
        .Where(s => s.Honoured && !consent.Since(s.OccurredAt, s.Place) && policies.SaidSince(s.FirstUnder, pack => pack.Tracking is { } tracking && tracking.Purposes.Contains(purpose.Id)))
        .MaxBy(s => s.Place.Position);

    private static DecisionAnswer Abroad(
        DecisionAnswer answer, DecisionRequest request, string destination, Purpose purpose, PolicyPack pack, IReadOnlyList<SubjectConsents> person, PolicyBook policies, DateTimeOffset now)
    {
        if (!Jurisdictions.Leaves(pack.Controller.Country, destination)) return answer;
        var transfers = pack.TransfersFor(purpose, destination).ToList();
        if (transfers.Count == 0) return No("transfer_undeclared", pack);

        if (transfers.FirstOrDefault(t => t.Safeguard != Safeguard.Consent && (t.Safeguard != Safeguard.PrivacyShield || now < EndOfPrivacyShield)) is { } safe) return answer with { Safeguard = safe.Safeguard };

        // The consent to the transfer is a decision of its own, under the same law and for the same recipient, and stopped by the same things.
        var consents = transfers.Where(t => t.Safeguard == Safeguard.Consent).Select(t => pack.FindPurpose(t.Purpose!)!)
            .SelectMany(p => p.Channels.Select(c => (string?)c).DefaultIfEmpty(null), (p, channel) => request with { Purpose = p.Id, Channel = channel, Scope = null, Destination = null });
        return consents.Any(question => Decide(question, person, policies, now).Code == "consent_given") ? answer with { Safeguard = Safeguard.Consent }
            : No(transfers.Any(t => t.Safeguard == Safeguard.Consent) ? "transfer_not_authorised" : "transfer_safeguard_void", pack);
    }

    private static DecisionAnswer DecideUse(IReadOnlyList<SubjectConsents> person, PolicyBook policies, PolicyPack pack)
    {
        var answers = person.SelectMany(p => p.Terms).ToList();
        var revised = pack.Acceptance is { OnRevision: true } && policies.Versions.Count > 1;
        var asked = (revised ? answers.Where(a => a.Key == pack.Version) : answers).Select(a => a.Value).ToList();
        if (asked.Count == 0) return revised || pack.Acceptance is { BeforeUse: true } ? No("terms_unanswered", pack) : new(true, "terms_not_asked", null, null, pack.Version);

        // Whatever version it was a no to, nobody else's word about a later one takes it back.
        var no = answers.Select(a => a.Value).Where(a => !a.Accepted).MaxBy(a => a.OccurredAt);
        var yes = asked.Where(a => a.Accepted && (no is null || (a.IsOwn && a.OccurredAt > no.OccurredAt))).MaxBy(a => a.OccurredAt);
        return yes is null ? No("terms_declined", pack, no!.Place) : new(true, "terms_accepted", null, yes.Place.Position, pack.Version);
    }

    private static DecisionAnswer No(string code, PolicyPack? pack, EventPlace? place = null) => new(false, code, null, place?.Position, pack?.Version);

    /// <summary>How a person's consent stands at a moment.</summary>
    /// <param name="State">What was said, or null where nothing was.</param>
    /// <param name="Fault">Why it allows nothing; null where it does.</param>
    /// <param name="SaidNo">A no was said, whatever was asked after it.</param>
    /// <param name="IsSilence">Nobody answered: not asked, or asked and nothing more. Nor was there a no before there was this to say no to.</param>
    private readonly record struct Consent(LaneState? State, string? Fault, bool SaidNo, bool IsSilence)
    {
        public static Consent Of(Named named, Purpose purpose, IReadOnlyList<SubjectConsents> person, PolicyBook policies, DateTimeOffset now)
        {
            var (lane, laws) = (named.LanesUnder(policies.Current)[0], policies.LawsOver(named.Jurisdiction));
            var answers = person.SelectMany(p => p.Answers(lane, laws)).ToList();
            var state = LaneState.Resolve(answers, now);
            var ages = person.Select(p => p.Age).OfType<Age>().ToList();
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
                { Actor: Actor.Guardian } => ages.Any(age => age.OfAgeFrom <= now) ? "reaffirmation_needed" : null,
                _ => ages.Any(age => age.ConsentsFrom > state.OccurredAt) ? "guardian_needed" : null,
            }, answers.Any(a => a.LastNo is not null), answers.All(a => a is { Status: LaneStatus.Asked, LastNo: null }) && !person.SelectMany(p => p.NoesUnder(lane, laws)).Any(CameBefore));

            // A no to all there was of a purpose is one to what a later version has of it, too.
            bool CameBefore(string version) => Declared.Check(policies.Find(version)?.Pack, named) is not null;
        }

        /// <summary>Whether the person's own consent came after this, knowing of it.</summary>
        public bool Since(DateTimeOffset moment, EventPlace place) => Fault is null && State is { IsOwn: true } && State.OccurredAt > moment && State.Place.Position > place.Position;
    }
}
