using System.Collections.Concurrent;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>
/// How very many persons stand to topics, strictly: what was found out is remembered and moved on along the log. Of the others the database picks the one event that decides, which
/// is the same as folding their streams, and a test holds it to that.
/// </summary>
/// <param name="capacity">How many standings of one tenant are kept in memory.</param>
public sealed class Standings(IEventEngine engine, EventCatalog catalog, NpgsqlDataSource ledger, int capacity = Standings.DefaultCapacity)
{
    public const int DefaultCapacity = 2_000_000;

    private readonly ConcurrentDictionary<TenantId, RememberedAnswers<Lane, Standing, Followed>> _remembered = [];

    private readonly string[] _erasing = NamesOf(catalog, typeof(ErasureStarted), typeof(SubjectErased));
    private readonly string[] _choosing = NamesOf(catalog, typeof(Subscribed), typeof(Unsubscribed));
    private readonly string _subscribed = NamesOf(catalog, typeof(Subscribed))[0];
    private readonly string[] _known = [.. catalog.Events.Keys];

    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        var capacity = configuration.GetValue("Sending:AnswersInMemory", DefaultCapacity);
        if (capacity < 1) throw new InvalidOperationException("Sending__AnswersInMemory is at least 1.");
        services.AddSingleton(provider => new Standings(
            provider.GetRequiredService<IEventEngine>(), provider.GetRequiredService<EventCatalog>(), provider.GetRequiredService<NpgsqlDataSource>(), capacity));
    }

    /// <summary>Of each question, in order; and the policy in force.</summary>
    public async Task<(PolicyPack? Pack, Standing[] Standings)> ReadAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, CancellationToken ct)
    {
        var remembered = _remembered.GetOrAdd(tenant, name => new(name, engine, (known, grown, position) => FollowPoliciesAsync(name, known, grown, position), capacity));
        var moment = await remembered.FollowAsync(ct);
        var standings = new Standing[questions.Count];
        foreach (var (lane, indexes) in ByLane(questions))
        {
            var subjects = new StreamId[indexes.Count];
            for (var n = 0; n < subjects.Length; n++) subjects[n] = questions[indexes[n]].Subject.Stream;
            var found = new Standing[subjects.Length];
            var missing = remembered.Find(moment, lane, subjects, found);
            if (missing.Count > 0)
            {
                var read = await FindOutAsync(tenant, lane, [.. missing.Select(i => subjects[i])], ct);
                foreach (var i in missing) found[i] = read[subjects[i]];
                remembered.Remember(moment, lane, read.Select(r => (r.Key, r.Value)));
            }

            for (var n = 0; n < found.Length; n++) standings[indexes[n]] = found[n];
        }

        return (moment.Common.Book.Current, standings);
    }

    /// <summary>The policy that was last read here; null where none was.</summary>
    public PolicyPack? LastKnown(TenantId tenant) => _remembered.TryGetValue(tenant, out var remembered) ? remembered.LastKnown?.Book.Current : null;

    private static List<(Lane Lane, List<int> Indexes)> ByLane(IReadOnlyList<SendQuestion> questions)
    {
        var lanes = new List<(Lane Lane, List<int> Indexes)>();
        var byLane = new Dictionary<Lane, List<int>>();
        for (var i = 0; i < questions.Count; i++)
        {
            var lane = new Lane(questions[i].Topic, questions[i].Channel);

            // Nearly always the one before.
            if (lanes.Count > 0 && lanes[^1].Lane == lane)
            {
                lanes[^1].Indexes.Add(i);
                continue;
            }

            if (!byLane.TryGetValue(lane, out var indexes))
            {
                byLane.Add(lane, indexes = new(questions.Count));
                lanes.Add((lane, indexes));
            }

            indexes.Add(i);
        }

        return lanes;
    }

    /// <summary>The last choice in the lane, unless the person is erased. An event that only a newer release knows comes before all: then nothing may be decided.</summary>
    private Task<Dictionary<StreamId, Standing>> FindOutAsync(TenantId tenant, Lane lane, IReadOnlyCollection<StreamId> subjects, CancellationToken ct) => Outages.Typed(async () =>
    {
        await using var select = ledger.CreateCommand("""
            select s.id, e.type, e.position from unnest($2) as s (id) cross join lateral (
                select type, (headers ->> 'position')::bigint as position from mt_events
                where tenant_id = $1 and stream_id = s.id and (type = any($3) and data ->> 'topic' = $5 and data ->> 'channel' = $6 or type = any($4) or type <> all($7))
                order by type <> all($7) desc, version desc limit 1) as e
            """);
        var standings = new Dictionary<StreamId, Standing>(subjects.Count);
        foreach (var subject in subjects) standings[subject] = Standing.NeverAsked;
        select.Parameters.Add(new() { Value = tenant.ToString() });
        select.Parameters.Add(Texts([.. standings.Keys.Select(s => s.ToString())]));
        select.Parameters.Add(Texts(_choosing));
        select.Parameters.Add(Texts(_erasing));
        select.Parameters.Add(new() { Value = lane.Topic });
        select.Parameters.Add(new() { Value = lane.Channel });
        select.Parameters.Add(Texts(_known));
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var (type, position) = (reader.GetString(1), reader.GetInt64(2));
            if (!catalog.Events.ContainsKey(type)) throw new InvalidDataException($"The catalog does not know {type}, stored at position {position}.");
            standings[new StreamId(Guid.Parse(reader.GetString(0)))] =
                _erasing.Contains(type) ? new Standing(StandingKind.Erased, -1) : new Standing(type == _subscribed ? StandingKind.Subscribed : StandingKind.Left, position);
        }

        return standings;
    });

    private async Task<Followed> FollowPoliciesAsync(TenantId tenant, Followed? known, IReadOnlySet<StreamId> grown, long position)
    {
        var stream = PolicyBook.Of(tenant);
        if (known is not null && !grown.Contains(stream.Id)) return known;
        var (book, version) = known ?? new Followed(PolicyBook.Empty, 0);
        foreach (var e in await engine.ReadStreamsAsync([new StreamSlice(stream, version)], CancellationToken.None))
            if (e.Place.Position < position) (book, version) = (PolicyBook.Stream.After(book, catalog.Decode(e), e.Place), e.Place.Version);
        return new Followed(book, version);
    }

    private static string[] NamesOf(EventCatalog catalog, params IReadOnlyList<Type> types) => [.. types.Select(type => catalog.Events.Single(e => e.Value == type).Key)];

    private static NpgsqlParameter<string[]> Texts(string[] values) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar };

    /// <param name="Version">Of the policy stream.</param>
    private sealed record Followed(PolicyBook Book, long Version);
}
