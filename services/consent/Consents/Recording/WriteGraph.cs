using System.Text.Json;
using System.Xml;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Recording;

/// <summary>A subject's consents as records per ISO/IEC TS 27560, in the terms of the Data Privacy Vocabulary.</summary>
public static class WriteGraph
{
    private static readonly JsonElement Context = ReadContext();

    public static ConsentGraph Of(SubjectRecord record) => new(Context, [.. record.Consents().Select(c => RecordOf(c, record))]);

    private static ConsentRecord RecordOf(RecordedConsent consent, SubjectRecord record)
    {
        // The first event about a consent is always its first: it names the record for good.
        var id = consent.Steps[0].Line.Event.Id;
        var parties = PartiesOf(consent, $"urn:uuid:{id}").ToList();
        return new(
            $"urn:uuid:{id}", "dpv:ConsentRecord", ConsentGraph.Schema, Term(consent.Status), new("ISO/IEC TS 27560:2023", id, $"urn:uuid:{record.Subject}"),
            ProcessingOf(consent, parties), parties, [.. consent.Steps.Select(s => EventOf(s, record))]);
    }

    private static RecordProcessing ProcessingOf(RecordedConsent consent, IReadOnlyList<RecordParty> parties)
    {
        var (lane, pack, purpose) = (consent.Lane, consent.Pack, consent.Purpose);
        var transfers = pack?.Transfers.Where(t => purpose?.Transfers.Contains(t.Id) ?? false).ToList() ?? [];
        var places = transfers.SelectMany(t => t.Destinations).Concat(pack?.ProcessorsFor(lane.Purpose).SelectMany(p => p.Places) ?? []).Distinct();
        return new(
            [.. NoticesOf(consent)], consent.Locale,
            [new(purpose is { Marketing: true } ? ["dpv:Purpose", "dpv:Marketing"] : ["dpv:Purpose"], lane.Purpose, purpose?.Title, purpose?.Description, lane.Channel, lane.Scope)],
            [.. purpose is { Bases.Count: > 0 } ? purpose.Bases.Select(b => TermOf(b.Basis)) : [TermOf(LawfulBasis.Consent)]],
            Some(pack?.DataCategories.Where(d => purpose?.Data.Contains(d.Id) ?? false).Select(d => new RecordPii("dpv:PersonalData", d.Name, d.Id, Some(d.Items)))),
            Some(parties.Where(p => p.PartyRole == "dpv:DataController").Select(p => p.Id)),
            (consent.Yes as IAct)?.Method.Value,
            purpose is { Profiling: true } ? "dpv:Profiling" : null,
            purpose is null ? null : RetentionOf(purpose),
            Some(places), Some(transfers.Select(t => new RecordTransfer("dpv:SafeguardForDataTransfer", t.Destinations, Word(t.Safeguard)))),
            consent.Jurisdiction, Some(parties.Where(p => p.PartyRole == "dpv:ThirdParty").Select(p => p.Id)),
            Some(pack?.WithdrawalWays.Select(w => Word(w))), Some(pack?.Rights.Offered.Select(TermOf).Distinct()));
    }

    private static IEnumerable<RecordNotice> NoticesOf(RecordedConsent consent)
    {
        if (consent.Pack is { } pack) yield return new("dpv:PrivacyNotice", $"/v1/policies/{pack.Version}", pack.Version, null, null, Policies.PolicyPublished.HashOf(pack));
        if (consent.State?.Text is { } shown) yield return new("dpv:ConsentNotice", shown.Id, null, shown.Locale, consent.Purpose?.FindText(shown.Id, shown.Locale)?.Text, shown.Hash);
    }

    private static RecordRetention RetentionOf(Purpose purpose) =>
        new("dpv:StorageDuration", Word(purpose.Retention.Until), purpose.Retention.FurtherMonths is { } months ? $"P{months}M" : null);

    private static IEnumerable<RecordParty> PartiesOf(RecordedConsent consent, string record)
    {
        if (consent.Pack is not { } pack) yield break;
        var controller = pack.Controller;
        var role = consent.Purpose?.Role == Role.Processor || pack.Role == Role.Processor ? "dpv:DataProcessor" : "dpv:DataController";
        yield return new($"{record}#controller", controller.Name, role, controller.Address, Some(new[] { controller.ContactEmail, controller.ContactUrl, controller.ProtectionOfficerEmail }.OfType<string>().Distinct()), null);
        if (consent.Lane.Recipient != PolicyPack.ControllerRecipient && pack.FindRecipient(consent.Lane.Recipient) is { } recipient)
            yield return new($"{record}#{recipient.Id}", recipient.Name, "dpv:ThirdParty", null, null, Word(recipient.Kind));
        foreach (var processor in pack.ProcessorsFor(consent.Lane.Purpose))
            yield return new($"{record}#processor-{processor.Id}", processor.Name, "dpv:DataProcessor", null, processor.PolicyUrl is { } url ? [url] : null, null);
    }

    private static RecordEvent EventOf(RecordedStep step, SubjectRecord record)
    {
        var ((stored, facts, _), act) = (step.Line, step.Line.Facts as IAct);
        var done = act?.OccurredAt ?? stored.Place.RecordedAt;
        var who = act?.Actor is null or Actor.System ? "system" : act.Actor == Actor.Subject ? $"urn:uuid:{record.Subject}" : Word(act.Actor);
        DateTimeOffset? until = facts switch { ConsentGranted granted => granted.Until, ConsentPending pending => pending.Until, ConsentConfirmed confirmed => confirmed.Until, _ => null };
        return new(
            done, until is { } end && end > done ? XmlConvert.ToString(end - done) : null, who, TypeOf(facts), Term(step.After), stored.Id, stored.Type, stored.Place.RecordedAt,
            $"/v1/receipts/{stored.Place.Position}");
    }

    private static string TypeOf(object? facts) => facts switch
    {
        ConsentAsked => "dpv:ObtainConsent",
        ConsentPending => "dpv:ProvideConsent",
        ConsentGranted { Implied: true } => "dpv:ImpliedConsent",
        ConsentGranted or ConsentConfirmed => "dpv:ExpressedConsent",
        ConsentRefused => "dpv:RefuseConsent",
        ConsentWithdrawn => "dpv:WithdrawConsent",
        _ => "dpv:ManageConsent",
    };

    private static string TermOf(LawfulBasis basis) => basis switch
    {
        LawfulBasis.VitalInterests => "dpv:VitalInterest",
        LawfulBasis.PublicTask => "dpv:PublicInterest",
        LawfulBasis.LegitimateInterests => "dpv:LegitimateInterest",
        _ => $"dpv:{basis}",
    };

    private static string TermOf(SubjectRight right) => right switch
    {
        SubjectRight.WithdrawConsent => "eu-gdpr:A7-3",
        SubjectRight.Access => "eu-gdpr:A15",
        SubjectRight.Rectification => "eu-gdpr:A16",
        SubjectRight.Erasure => "eu-gdpr:A17",
        SubjectRight.Restriction => "eu-gdpr:A18",
        SubjectRight.Portability => "eu-gdpr:A20",
        SubjectRight.Complaint => "eu-gdpr:A77",
        _ => "eu-gdpr:A21",
    };

    private static string Term(ConsentStatus status) => $"dpv:{status}";

    private static string Word<T>(T word)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(word.ToString());

    // An empty list would say that there are none; the policy only does not say.
    private static List<T>? Some<T>(IEnumerable<T>? all) => all?.ToList() is { Count: > 0 } some ? some : null;

    private static JsonElement ReadContext()
    {
        using var stream = typeof(WriteGraph).Assembly.GetManifestResourceStream("records/context.jsonld")!;
        return JsonSerializer.Deserialize<JsonElement>(stream);
    }
}
