using System.Text.Json.Serialization;
using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents.Recording;

/// <summary>A consent that stands, as a Kantara Initiative Consent Receipt, version 1.1. The form has no word for any other state.</summary>
/// <param name="ConsentTimestamp">Seconds since 1970.</param>
public sealed record KantaraReceipt(
    string Version, string? Jurisdiction, long ConsentTimestamp, string CollectionMethod, [property: JsonPropertyName("consentReceiptID")] Guid ConsentReceiptId, string Language,
    string PiiPrincipalId, IReadOnlyList<KantaraController> PiiControllers, string PolicyUrl, IReadOnlyList<KantaraService> Services, bool Sensitive, IReadOnlyList<string> SpiCat)
{
    public static IReadOnlyList<KantaraReceipt> Of(SubjectRecord record) =>
        [.. record.Consents().Where(c => c.Status.IsValid()).Select(c => Of(c, record)).OfType<KantaraReceipt>()];

    // Without its policy there is nobody to name as the controller: such a consent is in the other forms only.
    private static KantaraReceipt? Of(RecordedConsent consent, SubjectRecord record) => consent is { Pack: { } pack, Purpose: { } purpose, State: { } given, Yes: IAct act }
        ? new(
            "KI-CR-v1.1.0", consent.Jurisdiction, given.OccurredAt.ToUnixTimeSeconds(), act.Method, consent.Steps.First(s => s.Line.Event.Place.Version == given.Place.Version).Line.Event.Id, consent.Locale!,
            record.Subject.ToString(), [KantaraController.Of(pack)], $"/v1/policies/{pack.Version}",
            [new(pack.Controller.Name, [KantaraPurpose.Of(consent.Lane, purpose, pack, consent.Locale!, (act as ConsentGranted)?.Implied ?? false)])],

            // Policies declare no special categories of data.
            Sensitive: false, SpiCat: [])
        : null;
}

/// <param name="OnBehalf">Whether it acts for another controller.</param>
public sealed record KantaraController(string PiiController, bool OnBehalf, string Contact, string? Address, string? Email, string? PiiControllerUrl)
{
    public static KantaraController Of(PolicyPack pack) => new(
        pack.Controller.Name, pack.Role == Role.Processor, pack.Controller.ProtectionOfficerEmail ?? pack.Controller.ContactEmail ?? pack.Controller.Name, pack.Controller.Address,
        pack.Controller.ContactEmail, pack.Controller.ContactUrl);
}

public sealed record KantaraService(string Service, IReadOnlyList<KantaraPurpose> Purposes);

/// <param name="Termination">How it ends.</param>
public sealed record KantaraPurpose(
    string Purpose, IReadOnlyList<string> PurposeCategory, string ConsentType, IReadOnlyList<string> PiiCategory, bool PrimaryPurpose, string Termination, bool ThirdPartyDisclosure,
    string? ThirdPartyName)
{
    public static KantaraPurpose Of(Lane lane, Purpose purpose, PolicyPack pack, string locale, bool implied)
    {
        var disclosed = lane.Recipient != PolicyPack.ControllerRecipient;
        var what = lane switch { { Scope: { } scope } => $" ({scope})", { Channel: { } channel } => $" ({channel})", _ => "" };
        return new(
            purpose.Title.In(locale) + what, [purpose.Marketing ? disclosed ? "Marketing Third Parties" : "Marketing" : purpose.Id], implied ? "IMPLICIT" : "EXPLICIT",
            [.. pack.DataCategories.Where(d => purpose.Data.Contains(d.Id)).Select(d => d.Name)], purpose.RestsOn(LawfulBasis.Contract),
            string.Join(", ", pack.WithdrawalWays.Select(w => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(w.ToString())).DefaultIfEmpty("contact")),
            disclosed, disclosed ? pack.FindRecipient(lane.Recipient)?.Name ?? lane.Recipient : null);
    }
}
