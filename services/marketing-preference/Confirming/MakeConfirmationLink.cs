using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Confirming;

/// <summary>
/// Whoever sends the mail of a double opt-in asks for the link in it, the first time and each time it is sent again. How often is kept in the person's stream: whoever types in somebody
/// else's address must not be able to have them written to without end, by any replica.
/// </summary>
/// <param name="Lang">What the person reads; else their browser says.</param>
public sealed record MakeConfirmationLink(string Purpose, string? Channel = null, string? Recipient = null, string? Lang = null)
{
    public const int MostForOne = 3;
    public const int MostForAll = 10;
    public static readonly TimeSpan Within = TimeSpan.FromDays(1);

    /// <summary>No mail goes out for what nobody knows to be waiting.</summary>
    public static Problem ConsentUnavailable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "consent_unavailable", "The consent service does not answer, so it is not known whether anything waits to be confirmed.") { RetryAfterSeconds = 5 };

    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/v1/subjects/{subject}/confirmation-links", HandleAsync).RequireScope(Scopes.PreferencesLink, Scopes.PreferencesSession)
        .Produces<LinkAnswer>().RefusesWith("subject_erased", "lang_invalid", "nothing_to_confirm", "confirmations_exhausted").WithMetadata(ConsentUnavailable);

    public static Decision Decide(MakeConfirmationLink asked, SubjectPreferences subject, DateTimeOffset now)
    {
        if (subject.IsErased) return Decision.No("subject_erased", "This person was erased. A returning person gets a new subject id.");
        var lately = subject.ConfirmationLinks.Where(made => made.At > now - Within).ToList();
        return lately.Count >= MostForAll || lately.Count(made => (made.Purpose, made.Channel, WhoseOf(made.Recipient)) == (asked.Purpose, asked.Channel, WhoseOf(asked.Recipient))) >= MostForOne
            ? Decision.No("confirmations_exhausted", $"At most {MostForOne} links a day for one consent, and {MostForAll} for one person.")
            : Decision.Of(new ConfirmationLinkMade(asked.Purpose, asked.Channel, asked.Recipient));
    }

    private static string WhoseOf(string? recipient) => recipient ?? PolicyPack.ControllerRecipient;

    private static async Task<IResult> HandleAsync(
        SubjectId subject, Body<MakeConfirmationLink> body, Caller caller, CommandOptions options, DeciderLoop ledger, ConsentClient consent, ConfirmationLinks links, TimeProvider clock, CancellationToken ct)
    {
        var (asked, person) = (body.Value, new StreamKey(caller.Tenant, subject.Stream));
        if (asked.Lang is { } lang && !MakePreferenceLink.IsLang(lang)) return KnownProblems.Refused("lang_invalid", "lang is a language tag, such as en or sv-SE.");
        try
        {
            if ((await consent.ReadConsentsAsync(person, ct)).FindWaiting(asked.Purpose, asked.Channel, asked.Recipient, clock.GetUtcNow()) is not { } waits)
                return KnownProblems.Refused("nothing_to_confirm", "Nothing waits to be confirmed: it was never asked for, withdrawn meanwhile, or its time is over.");

            var command = caller.Command(subject, body, options, SubjectPreferences.Stream, context => Decide(asked, context.State<SubjectPreferences>(), context.Now));
            var outcome = await ledger.ExecuteAsync(command, ct);
            if (outcome is not (Outcome.Recorded or Outcome.Unchanged)) return outcome.ToResult();
            var until = DateTimeOffset.FromUnixTimeSeconds(waits.Until!.Value.ToUnixTimeSeconds());
            var link = new ConfirmationLink(caller.Tenant, subject, asked.Purpose, asked.Channel, asked.Recipient, asked.Lang, until, waits.Position);
            return TypedResults.Json(new LinkAnswer(links.AddressOf(link), link.ExpiresAt), StrictJson.Options);
        }
        catch (ConsentUnavailableException)
        {
            return ConsentUnavailable;
        }
    }
}
