using ConsentLedger.Consent;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.Support;
using Npgsql;

namespace ConsentLedger.Pages.Tests;

/// <summary>The years before the service of a test starts: the same deciders on the same tables, at a time that the test says.</summary>
internal sealed class PastLedger : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly DeciderLoop _loop;
    private readonly SetClock _clock = new();
    private int _commands;

    private PastLedger(NpgsqlDataSource source, IEventEngine engine) => (_source, _loop) = (source, new DeciderLoop(engine, ConsentCatalog.Events, _clock));

    public static async Task<PastLedger> OpenAsync(string connectionString)
    {
        var source = NpgsqlLedger.DataSource(connectionString);
        var engine = new NpgsqlEngine(source, [new ErasedSubjects()]);
        await engine.EnsureSchemaAsync(CancellationToken.None);
        return new PastLedger(source, engine);
    }

    public static PolicyPack PackOf(string tenant) => PolicyPack.Parse(File.ReadAllBytes(Path.Combine(Servers.Checkout, "deploy", "policies", $"{tenant}.json"))) is PolicyPackReading.Accepted { Pack: var pack }
        ? pack
        : throw new InvalidDataException($"The policy of {tenant} is not sound.");

    public Task PublishAsync(string at, PolicyPack pack) => DoAsync(at, PolicyBook.Of(TenantId.Parse(pack.Tenant)), PolicyBook.Stream, _ => Decision.Of(new PolicyPublished(pack, Digest.Of([1]).Value)));

    /// <param name="done">Where the act was recorded later than it was done.</param>
    public Task GrantAsync(
        string at, string tenant, Guid person, string purpose, string? channel = "email", string? recipient = null, string? done = null, Actor actor = Actor.Subject, string method = "web-form", string? source = null,
        TextShown? text = null)
    {
        var grant = new GrantConsent(purpose, Time(done ?? at), actor, Token.Parse(method), channel, recipient, source is null ? null : Token.Parse(source), null, text);
        return DoAsync(at, Person(tenant, person), SubjectConsents.Stream, c => SubjectActs.Decide(grant, c.State<SubjectConsents>(), c.State<PolicyBook>(PolicyBook.Of(TenantId.Parse(tenant))), c.Now));
    }

    public Task WithdrawAsync(string at, string tenant, Guid person, string purpose, string? channel = "email", string? recipient = null, string? done = null, string method = "unsubscribe-link")
    {
        var withdrawal = new WithdrawConsent(purpose, Time(done ?? at), Actor.Subject, Token.Parse(method), channel, recipient);
        return DoAsync(at, Person(tenant, person), SubjectConsents.Stream, c => SubjectActs.Decide(withdrawal, c.State<SubjectConsents>(), c.State<PolicyBook>(PolicyBook.Of(TenantId.Parse(tenant))), c.Now));
    }

    public Task RecordAsync(string at, string tenant, Guid person, params object[] facts) => DoAsync(at, Person(tenant, person), SubjectConsents.Stream, _ => Decision.Of(facts));

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _source.DisposeAsync();
    }

    private static StreamKey Person(string tenant, Guid person) => new(TenantId.Parse(tenant), new StreamId(person));

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal);

    private async Task DoAsync(string at, StreamKey stream, StreamType type, Func<DecisionContext, Decision> decide)
    {
        _clock.Now = Time(at);
        var reads = type == PolicyBook.Stream ? [] : PolicyBook.ReadBy(stream.Tenant);
        var outcome = await _loop.ExecuteAsync(new Command(stream, type, Digest.Of("past", $"{++_commands}"), default, decide) { Reads = reads }, CancellationToken.None);
        outcome.ShouldBeOfType<Outcome.Recorded>();
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
