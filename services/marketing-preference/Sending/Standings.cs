using System.Collections.Concurrent;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>
/// How very many persons stand to topics, strictly: what was found out is remembered and moved on along the log. Of the others the one event is looked for that decides, which
/// is the same as folding their streams, and a test holds it to that. Of whoever has other ids no more is remembered than that: the streams of all of them are folded each time, and whichever of them
/// grew is in.
/// </summary>
/// <param name="capacity">About how many standings of one tenant are kept in memory.</param>
public sealed class Standings(IEventEngine engine, EventCatalog catalog, NpgsqlDataSource ledger, PreferenceReader people, int capacity = Standings.DefaultCapacity)
{
    public const int DefaultCapacity = 1_000_000;

    private readonly ConcurrentDictionary<TenantId, RememberedAnswers<Lane, Standing, Followed>> _remembered = [];

    private readonly string[] _erasing = NamesOf(catalog, typeof(ErasureStarted), typeof(SubjectErased));
    private readonly string[] _choosing = NamesOf(catalog, typeof(Subscribed), typeof(Unsubscribed));
    private readonly string _subscribed = NamesOf(catalog, typeof(Subscribed))[0];
    private readonly string _followed = NamesOf(catalog, typeof(ConsentFollowed))[0];

    // What says nothing about standings; the commonest first, because each event is held against them one after the other.
    private readonly string[] _passedOver =
    [
        .. NamesOf(catalog, typeof(ConsentFollowed), typeof(Subscribed), typeof(Unsubscribed)).Union(catalog.Events.Keys).Except(NamesOf(catalog, typeof(ErasureStarted), typeof(SubjectErased))),
    ];

    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        var capacity = configuration.GetValue("Sending:AnswersInMemory", DefaultCapacity);
        if (capacity < 1) throw new InvalidOperationException("Sending__AnswersInMemory is at least 1.");
        services.AddSingleton(provider => new Standings(
            provider.GetRequiredService<IEventEngine>(), provider.GetRequiredService<EventCatalog>(), provider.GetRequiredService<NpgsqlDataSource>(), provider.GetRequiredService<PreferenceReader>(), capacity));
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

        await ReadOfSeveralAsync(tenant, questions, standings, ct);
        return (moment.Common.Book.Current, standings);
    }

    /// <summary>The policy that was last read here; null where none was.</summary>
    public PolicyPack? LastKnown(TenantId tenant) => _remembered.TryGetValue(tenant, out var remembered) ? remembered.LastKnown?.Book.Current : null;

    /// <summary>Puts how the whole person stands in the place of those who have other ids.</summary>
    private async Task ReadOfSeveralAsync(TenantId tenant, IReadOnlyList<SendQuestion> questions, Standing[] standings, CancellationToken ct)
    {
        List<int>? several = null;
        for (var i = 0; i < standings.Length; i++)
            if (standings[i].Kind == StandingKind.OfSeveral) (several ??= []).Add(i);
        if (several is null) return;
        var (_, read) = await people.ReadPeopleAsync(tenant, [.. several.Select(i => questions[i].Subject.Stream)], ct);
        foreach (var (i, person) in several.Zip(read)) standings[i] = Standing.Of(person, questions[i].Topic, questions[i].Channel);
    }

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

    /// <summary>The last choice in the lane, unless the person is erased: nothing comes after that. Of the rest of their streams nothing leaves the database but who else they are.</summary>
    private Task<Dictionary<StreamId, Standing>> FindOutAsync(TenantId tenant, Lane lane, IReadOnlyCollection<StreamId> subjects, CancellationToken ct) => Outages.Typed(async () =>
    {
        // Looked up one by one (`offset 0` keeps it so): an `= any` that is planned while the table is small reads all of a tenant for good.
        await using var select = ledger.CreateCommand("""
            select s.id, e.version, e.type, e.position from unnest($2) as s (id)
            cross join lateral (
                select version, type, (headers ->> 'position')::bigint as position from mt_events
                where tenant_id = $1 and stream_id = s.id and (type = any($3) and data ->> 'topic' = $4 and data ->> 'channel' = $5 or type <> all($6) or type = $7 and data ? 'tie') offset 0
            ) as e
            """);
        var last = new Dictionary<StreamId, (long Version, Standing Standing)>(subjects.Count);
        foreach (var subject in subjects) last[subject] = (0, Standing.NeverAsked);
        select.Parameters.Add(new() { Value = tenant.ToString() });
        select.Parameters.Add(Texts([.. last.Keys.Select(s => s.ToString())]));
        select.Parameters.Add(Texts(_choosing));
        select.Parameters.Add(new() { Value = lane.Topic });
        select.Parameters.Add(new() { Value = lane.Channel });
        select.Parameters.Add(Texts(_passedOver));
        select.Parameters.Add(new() { Value = _followed });
        await using var reader = await select.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var (subject, standing) = (new StreamId(Guid.ParseExact(reader.GetString(0), "D")), StandingAfter(reader.GetString(2), reader.GetInt64(3)));

            // Whoever was ever tied is looked at as a whole, whatever they chose since.
            var version = standing.Kind == StandingKind.OfSeveral ? long.MaxValue : reader.GetInt64(1);
            if (version > last[subject].Version) last[subject] = (version, standing);
        }

        return last.ToDictionary(l => l.Key, l => l.Value.Standing);
    });

    /// <exception cref="InvalidDataException">An event that only a newer release knows: nothing may be said about its person.</exception>
    private Standing StandingAfter(string type, long position) =>
        _choosing.Contains(type) ? new Standing(type == _subscribed ? StandingKind.Subscribed : StandingKind.Left, position)
        : type == _followed ? new Standing(StandingKind.OfSeveral, -1)
        : _erasing.Contains(type) ? new Standing(StandingKind.Erased, -1)
        : throw new InvalidDataException($"The catalog does not know {type}, stored at position {position}.");

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
