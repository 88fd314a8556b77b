using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.PreferenceCentre;

/// <summary>
/// What a person does on a page, carried out in both services. A no is on disk here before consent is told, and holds whether or not it hears; a yes that rests on consent is given
/// there first, because a topic must not stand open on a consent that nobody recorded.
/// </summary>
internal sealed class Acting(DeciderLoop ledger, StateReader reader, TellConsent tell, ConsentClient consent)
{
    public const string Method = "preference-centre";

    /// <returns>The versions that were recorded; null where nothing was.</returns>
    public async Task<(long From, long To)?> RecordAsync(StreamKey person, Func<SubjectPreferences, PolicyBook, DateTimeOffset, Decision> decide, DateTimeOffset now, CancellationToken ct)
    {
        var policies = PolicyBook.Of(person.Tenant);
        var command = new Command(person, SubjectPreferences.Stream, new Digest(Guid.CreateVersion7(now)), default,
            context => decide(context.State<SubjectPreferences>(), context.State<PolicyBook>(policies), context.Now))
        {
            Reads = PolicyBook.ReadBy(person.Tenant),
        };
        return await ledger.ExecuteAsync(command, ct) is Outcome.Recorded recorded ? (recorded.Version - recorded.Events + 1, recorded.Version) : null;
    }

    /// <summary>Ends what rested on the lanes that were left.</summary>
    /// <returns>False while consent has not heard of all of it.</returns>
    public async Task<bool> TellLeftAsync(StreamKey person, IEnumerable<Lane> left, CancellationToken ct)
    {
        var told = true;
        foreach (var lane in left) told &= await tell.OfUnsubscribeAsync(person, lane, Actor.Subject, Method, ct) is null;
        return told;
    }

    /// <summary>How everything stands now.</summary>
    public async Task<SubjectPreferences> ReadAsync(StreamKey person, CancellationToken ct) => (await reader.ReadAsync(person, SubjectPreferences.Stream, ct)).State;

    /// <summary>Gives consents under the words that the page shows.</summary>
    /// <param name="isBegun">Something of it is done already.</param>
    /// <returns>What is wrong, and what waits for its second step.</returns>
    public async Task<Given> GrantAsync(StreamKey person, IEnumerable<Agreement> agreed, Wording words, DateTimeOffset now, CancellationToken ct, bool isBegun = false)
    {
        var waiting = new List<Agreement>();
        foreach (var agreement in agreed)
        {
            var (purpose, channel, recipient) = agreement;
            var shown = purpose.TextIn(words) is { } text ? new ShownText(text.Id, text.Locale, $"sha256:{text.Hash()}") : null;
            var said = await SayAsync(person, "grants", new ConsentGrant(purpose.Id, channel, recipient, now, Method, shown), now, ct);

            // A consent that was recorded opens its topics when word of it comes, whatever becomes of the others; and one of which nothing was heard may have been.
            if (said == Said.Unheard || (said == Said.Refused && isBegun)) return new(Notice.Unknown, waiting);
            if (said == Said.Refused) return new(Notice.Refused, waiting);
            if (said == Said.FirstStep && !await StandsAsync(person, agreement, ct)) waiting.Add(agreement);
            isBegun |= said is Said.Recorded or Said.FirstStep;
        }

        return new(null, waiting);
    }

    /// <summary>Whether there is a consent from before, which the first step of a renewal takes nothing from.</summary>
    private async Task<bool> StandsAsync(StreamKey person, Agreement agreed, CancellationToken ct)
    {
        try
        {
            return await consent.DecideAsync(person.Tenant, [new ConsentQuestion(SubjectId.Of(person.Id), agreed.Purpose.Id, agreed.Channel, agreed.Recipient)], ct) is [{ Allowed: true }];
        }
        catch (ConsentUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Says something to the consent service for the person.</summary>
    /// <param name="version">Which the person's stream there must still have; null for any.</param>
    public async Task<Said> SayAsync(StreamKey person, string act, object told, DateTimeOffset now, CancellationToken ct, long? version = null)
    {
        try
        {
            var reply = await consent.RecordAsync(person, act, told, $"centre:{Guid.CreateVersion7(now)}", version, ct);
            return reply.IsOvertaken ? Said.Refused : reply.IsFirstStep ? Said.FirstStep : reply.Outcome switch { "recorded" => Said.Recorded, "unchanged" => Said.Unchanged, _ => Said.Refused };
        }
        catch (ConsentUnavailableException)
        {
            return Said.Unheard;
        }
    }

    public Task<Said> ObjectToMarketingAsync(StreamKey person, DateTimeOffset now, CancellationToken ct) =>
        SayAsync(person, "objections", new { to = "marketing", occurredAt = now, actor = Actor.Subject, method = Method, source = "marketing-preference" }, now, ct);

    /// <summary>The objections that stand. That the history was read for them is recorded.</summary>
    /// <returns>Null while consent does not answer.</returns>
    public async Task<IReadOnlyList<ConsentEntry>?> ReadObjectionsAsync(StreamKey person, DateTimeOffset now, CancellationToken ct)
    {
        try
        {
            var history = await consent.ReadHistoryAsync(person, $"centre:{Guid.CreateVersion7(now)}", ct);
            return [.. history.Where(entry => entry.Objection is not null && history.All(other => other.Ended != entry.Version))];
        }
        catch (ConsentUnavailableException)
        {
            return null;
        }
    }

    /// <returns>False while consent has not heard of all of it.</returns>
    public async Task<bool> RetractAsync(StreamKey person, IEnumerable<ConsentEntry> objections, DateTimeOffset now, CancellationToken ct)
    {
        foreach (var objection in objections)
            if (await SayAsync(person, "objection-outcomes", new { objection = objection.Version, upheld = false, ground = "retracted", occurredAt = now, actor = Actor.Subject, method = Method }, now, ct) == Said.Unheard) return false;
        return true;
    }
}

/// <summary>A yes to be given.</summary>
/// <param name="Recipient">Null where it is the controller's own.</param>
internal sealed record Agreement(Purpose Purpose, string? Channel, string? Recipient);

/// <summary>What became of consents that were given.</summary>
/// <param name="Wrong">What to tell on the page; null where nothing is wrong.</param>
/// <param name="Waiting">Those that stand once they are confirmed: no topic opens on them before.</param>
internal readonly record struct Given(string? Wrong, IReadOnlyList<Agreement> Waiting)
{
    /// <summary>What to tell where not all of them stand.</summary>
    public string? Missing => Wrong ?? (Waiting.Count > 0 ? Notice.Confirm : null);
}

/// <summary>How the consent service took what was said.</summary>
internal enum Said
{
    Recorded,

    /// <summary>As the first of two steps.</summary>
    FirstStep,
    Unchanged,

    /// <summary>Or recorded as something that a later no had overtaken already.</summary>
    Refused,
    Unheard,
}
