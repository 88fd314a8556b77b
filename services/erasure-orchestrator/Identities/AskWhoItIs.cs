using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Instructing;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Resilience;
using ConsentLedger.Timers;

namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <param name="PublicUrl">What links begin with.</param>
public sealed record IdentityLinks(Uri PublicUrl)
{
    /// <summary>As long as the mail says, from whenever it goes out.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(7);

    /// <summary>Beyond that, so that a mail server which is away does not change the link's end at every try.</summary>
    private static readonly TimeSpan Spare = TimeSpan.FromDays(1);

    public static DateTimeOffset EndOf(DateTimeOffset asked) => asked + Life + Spare;

    /// <summary>All that is kept of a link. It has 128 bits that nobody can guess, so that a bare hash gives nothing away.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
}

/// <summary>
/// Mails a link to those whose requests wait for it, and destroys what identifies those whose requests have ended. Both lie in a table until they are done. The link is made from
/// the request's own key, so whoever is killed between two steps mails the same one again; it dies with that key.
/// </summary>
public sealed partial class AskWhoItIs(
    ErasureLookup lookup, IEventEngine engine, DeciderLoop ledger, StateReader reader, IdentityVault vault, Patience patience, Remotes remotes, TimeProvider clock, ILogger<AskWhoItIs> log,
    IOutgoingMail? mail = null, IdentityLinks? links = null) : BackgroundService
{
    public const string Remote = "identities";

    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1), LongestWait = TimeSpan.FromMinutes(10);

    private readonly Dictionary<Guid, (DateTimeOffset At, int Failures)> _later = [];

    /// <summary>The link's end, before it is mailed; again where it could not be mailed until less was left of it than the mail promises.</summary>
    public static Decision Ask(Guid request, string link, SubjectRequests subject, DateTimeOffset now) =>
        subject.Find(request) is { IsOpen: true, Verified: null } found && !(found.Links.TryGetValue(link, out var expires) && (found.LinkMailed || now + IdentityLinks.Life <= expires))
            ? Decision.Of(new ErasureIdentityAsked(request, link, IdentityLinks.EndOf(now)))
            : Decision.Unchanged;

    /// <summary>Who asks for the same again may have lost the mail: from the day after, it goes out once more, with the same link.</summary>
    public static Decision AskAgain(PersonRequest waiting, DateTimeOffset now) => waiting.LinkMailed && waiting.Links.Where(l => l.Value < now + IdentityLinks.Life).Select(l => l.Key).ToList() is [var link, ..]
        ? Decision.Of(new ErasureIdentityAsked(waiting.Id, link, IdentityLinks.EndOf(now)))
        : Decision.Unchanged;

    /// <summary>Nobody confirmed while the link lived, so nobody is waited for any more (GDPR art. 12(2), 12(6)). Who asks anew is asked anew.</summary>
    public static IEnumerable<Due> DueIn(PersonRequest request)
    {
        if (request is { IsUnconfirmed: true, LinkMailed: true, Links.Count: > 0 })
            yield return new Due(request.Links.Values.Max(), new ErasureCompleted(request.Id, RequestOutcome.Refused, ErasureTables.NameOf(RefusalReason.IdentityNotShown), Advance.TypeOf(request)));
    }

    public static Decision Mailed(Guid request, string link, SubjectRequests subject) =>
        subject.Find(request) is { IsOpen: true, LinkMailed: false } ? Decision.Of(new ErasureIdentityMailed(request, link)) : Decision.Unchanged;

    public static Decision Destroyed(Guid request, SubjectRequests subject) =>
        subject.Find(request) is { IsOpen: false, HasIdentities: true } ? Decision.Of(new ErasureIdentitiesDestroyed(request)) : Decision.Unchanged;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => vault.IsThere
        ? remotes.KeepGoingAsync(Remote, "tend", ct => Turns.TakeAsync(engine, Remote, clock, TendAsync, ct), retry => Stopped(retry.Exception?.GetType().Name ?? "", retry.Delay.TotalMilliseconds), stoppingToken)
        : Task.CompletedTask;

    private async Task<DateTimeOffset?> TendAsync(CancellationToken ct)
    {
        await LookAsync(ct);
        return null;
    }

    /// <summary>Does what is there to do now.</summary>
    public async Task LookAsync(CancellationToken ct)
    {
        await foreach (var (subject, request) in lookup.ReadSealedEndedAsync(ct))
        {
            await vault.DestroyAsync(subject with { Id = new StreamId(request) }, ct);
            await ledger.ExecuteAsync(subject.Commanding(patience, (state, _, _) => Destroyed(request, state)), ct);
        }

        if (mail is null || links is null) return;
        await foreach (var (subject, request) in lookup.ReadLinksOwedAsync(ct))
        {
            if (_later.TryGetValue(request, out var later) && later.At > clock.GetUtcNow()) continue;
            try
            {
                await AskAsync(subject, request, ct);
                _later.Remove(request);
            }
            catch (Exception e) when (e is not (OperationCanceledException or StoreUnavailableException))
            {
                // One that cannot be mailed, whatever is wrong with it, stops no other.
                var failures = later.Failures + 1;
                var wait = Breath * Math.Pow(2, Math.Min(failures, 9));
                _later[request] = (clock.GetUtcNow() + (wait < LongestWait ? wait : LongestWait), failures);
                NotMailed((e.InnerException ?? e).GetType().Name);
                if (e.InnerException is TimeoutException) return;
            }
        }
    }

    private async Task AskAsync(StreamKey subject, Guid request, CancellationToken ct)
    {
        if (await vault.OpenAsync(subject.Tenant, request, ct) is not { ConfirmAt: { } address }) return;
        using var key = await vault.KeyForAsync(subject with { Id = new StreamId(request) }, ct);
        var token = Base64Url.EncodeToString(key.Mask(Digest.Of("identity-link", $"{request}")).Value.ToByteArray(bigEndian: true));
        var link = IdentityLinks.HashOf(token);
        await ledger.ExecuteAsync(subject.Commanding(patience, (state, _, now) => Ask(request, link, state, now)), ct);

        var (register, _) = await reader.ReadAsync(TenantRegister.Of(subject.Tenant), TenantRegister.Stream, ct);
        var controller = register.Policy?.Controller.Name ?? subject.Tenant.ToString();
        await mail!.SendAsync(
            new Mail(address, "Please confirm your request", $"""
                Somebody asked {controller} to do something with your personal data, and gave this address.

                If that was you, open this page and confirm it within {IdentityLinks.Life.Days} days:
                {new Uri(links!.PublicUrl, $"/identity/{token}")}

                If it was not you, there is nothing to do: nothing happens without your confirmation.
                """),
            ct);

        // A crash here mails it once more, with the same link.
        await ledger.ExecuteAsync(subject.Commanding(patience, (state, _, _) => Mailed(request, link, state)), ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A mail could not be handed over ({Error}). It is tried again.")]
    private partial void NotMailed(string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Identities are not tended to ({Error}). That goes on in {DelayMs} ms.")]
    private partial void Stopped(string error, double delayMs);
}
