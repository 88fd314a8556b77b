using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ConsentLedger.Contracts;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.Support;

namespace ConsentLedger.Benchmarks;

/// <summary>
/// How soon the email system hears what people withdraw while much is going on: consent's events of five controllers are published all at once, marketing-preference
/// follows them, commits and publishes what follows, and the last unsubscribe is heard. Against the same messages published with confirms and consumed by
/// nobody in particular, on the same broker, taking turns.
/// </summary>
internal static class FollowBenchmark
{
    private const int Rounds = 5, PeopleAtOnce = 250;

    public static async Task RunAsync(CancellationToken ct)
    {
        var events = int.Parse(Environment.GetEnvironmentVariable("BENCH_EVENTS") ?? "10000", CultureInfo.InvariantCulture);
        await using var database = await PostgresDatabase.CreateAsync("bench");
        await using var broker = await Broker.CreateAsync("bench");
        using var service = new FollowingService(database, broker);
        await using var process = service.Process;
        await process.StartAsync(ct);
        var packs = service.Packs;
        await using var traffic = await BusTraffic.OpenAsync(broker, ct);
        await traffic.PublishAsync(Exchanges.ConsentEvents, [.. packs.Select((pack, i) => PublishedPolicy(pack, i))], ct);

        await FollowAsync(traffic, packs, Math.Min(events, 2000), ct);
        await BareAsync(traffic, packs, Math.Min(events, 2000), ct);
        var (ours, bare) = (new List<double>(), new List<double>());
        for (var round = 1; round <= Rounds; round++)
        {
            bare.Add(await BareAsync(traffic, packs, events, ct));
            ours.Add(await FollowAsync(traffic, packs, events, ct));
            await Console.Error.WriteLineAsync($"  round {round}: followed {ours[^1]:N0}/s, published and consumed bare {bare[^1]:N0}/s");
        }

        new Figure(
            "follow", Figure.Median(ours), "events/s followed, from publishing the first to the last unsubscribe heard, five controllers",
            "the same messages published with confirms and consumed bare", Figure.Median(bare)).Print();
    }

    private static async Task<double> FollowAsync(BusTraffic traffic, IReadOnlyList<PolicyPack> packs, int events, CancellationToken ct)
    {
        var messages = Lives(packs, events);
        var clock = Stopwatch.StartNew();
        var publishing = traffic.PublishAsync(Exchanges.ConsentEvents, messages, ct);
        await traffic.HearAsync(BusTraffic.Unsubscribes, message => message.Subject!, messages.Select(m => m.Subject).Distinct().Count(), ct);
        await publishing;
        return messages.Count / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> BareAsync(BusTraffic traffic, IReadOnlyList<PolicyPack> packs, int events, CancellationToken ct)
    {
        var messages = Lives(packs, events);
        var clock = Stopwatch.StartNew();
        var publishing = traffic.PublishAsync(BusTraffic.Bare, messages, ct);
        await traffic.HearAsync(BusTraffic.Bare, message => message.Id, messages.Count, ct);
        await publishing;
        return messages.Count / clock.Elapsed.TotalSeconds;
    }

    /// <summary>People who say yes and then no, some hundreds of them between the two.</summary>
    private static List<CloudEvent> Lives(IReadOnlyList<PolicyPack> packs, int events)
    {
        var people = Enumerable.Range(0, events / 2).Select(i => (Pack: packs[i % packs.Count], Subject: NewId().ToString()));
        return [.. people.Chunk(PeopleAtOnce).SelectMany(some => some.Select(p => Said(p.Pack, p.Subject, given: true)).Concat(some.Select(p => Said(p.Pack, p.Subject, given: false))))];
    }

    private static CloudEvent Said(PolicyPack pack, string subject, bool given)
    {
        var topic = pack.Topics.First(t => t.MessageClass == MessageClass.Marketing && t.Channels.Contains("email") && pack.FindPurpose(t.Purpose)!.RestsOn(LawfulBasis.Consent));
        var now = TimeProvider.System.GetUtcNow();
        return given
            ? Event(pack, ConsentGrantedV1.Type, subject, 1, CloudEvent.DataFrom(new ConsentGrantedV1(topic.Purpose, "controller", pack.Version, "consent", now, "subject", "web-form", InForce: true, "email")))
            : Event(pack, ConsentWithdrawnV1.Type, subject, 2, CloudEvent.DataFrom(new ConsentWithdrawnV1(topic.Purpose, "controller", pack.Version, now, "subject", "web-form", "email")));
    }

    private static CloudEvent PublishedPolicy(PolicyPack pack, int position) =>
        Event(pack, PolicyPublishedV1.Type, subject: null, 1, CloudEvent.DataFrom(new PolicyPublishedV1(pack.Version, pack.ToJson()))) with { Position = position };

    private static CloudEvent Event(PolicyPack pack, string type, string? subject, long version, ReadOnlyMemory<byte> data) => new()
    {
        Id = NewId().ToString(),
        Source = "https://consentledger/consent",
        Type = type,
        Time = TimeProvider.System.GetUtcNow(),
        Subject = subject,
        Tenant = pack.Tenant,
        StreamVersion = version,
        Data = data,
    };

    private static Guid NewId() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    /// <summary>marketing-preference as a process of its own, with the five controllers' policies.</summary>
    private sealed class FollowingService : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("follow-");
        private readonly Issuer _issuer;

        public FollowingService(PostgresDatabase database, Broker broker)
        {
            _issuer = new Issuer(_folder.FullName);
            File.WriteAllText(InFolder("service.token"), _issuer.Token("*", "marketing-preference"));
            File.WriteAllBytes(InFolder("links"), new byte[32]);
            File.SetUnixFileMode(InFolder("links"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Process = ServiceProcess.Of("marketing-preference/ConsentLedger.MarketingPreference", InFolder("service.log"), new Dictionary<string, string>
            {
                ["ConnectionStrings__Ledger"] = database.ConnectionString + ";Maximum Pool Size=20",
                ["Broker__Uri"] = broker.Uri.ToString(),
                ["Auth__Issuer"] = Issuer.Name,
                ["Auth__Audience"] = Issuer.Audience,
                ["Auth__JwksFile"] = _issuer.JwksFile,
                ["Ledger__Origin"] = "ledger.test/marketing-preference",
                ["Ledger__SigningKeyFile"] = InFolder("links"),
                ["Links__KeyFile"] = InFolder("links"),
                ["Links__PublicUrl"] = "https://preferences.example",
                ["Consent__Url"] = "http://127.0.0.1:1", // nothing is missed, so nothing is asked
                ["Consent__TokenFile"] = InFolder("service.token"),
                ["Logging__LogLevel__Default"] = "Warning",
            });
        }

        public ServiceProcess Process { get; }

        public IReadOnlyList<PolicyPack> Packs { get; } =
        [
            .. Directory.GetFiles(Path.Combine(Servers.Checkout, "deploy", "policies"), "*.json").Order(StringComparer.Ordinal)
                .Select(file => PolicyPack.Parse(JsonDocument.Parse(File.ReadAllBytes(file)).RootElement)).OfType<PolicyPackReading.Accepted>().Select(a => a.Pack),
        ];

        public void Dispose()
        {
            _issuer.Dispose();
            _folder.Delete(recursive: true);
        }

        private string InFolder(string file) => Path.Combine(_folder.FullName, file);
    }
}
