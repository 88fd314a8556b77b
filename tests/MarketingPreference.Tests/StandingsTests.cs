using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Support;
using Npgsql;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>How very many stand to a topic is what folding each of their streams says, whoever recorded it and whatever is remembered.</summary>
public sealed class StandingsTests : IAsyncLifetime
{
    private static readonly TenantId Tenant = TenantId.Parse(Packs.Tenant);

    private PostgresDatabase _database = null!;
    private NpgsqlDataSource _ledger = null!;
    private NpgsqlEngine _engine = null!;
    private DeciderLoop _elsewhere = null!;
    private Standings _standings = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresDatabase.CreateAsync("standings");
        _ledger = NpgsqlLedger.DataSource(_database.ConnectionString);
        _engine = new NpgsqlEngine(_ledger);
        await _engine.EnsureSchemaAsync(CancellationToken.None);
        _elsewhere = new DeciderLoop(_engine, MarketingCatalog.Events, TimeProvider.System);
        _standings = new Standings(_engine, MarketingCatalog.Events, _ledger, new PreferenceReader(_engine, MarketingCatalog.Events));
        await RecordAsync(PolicyBook.Of(Tenant).Id, PolicyBook.Stream, new PolicyFollowed(Packs.Northwind, 1));
    }

    public async Task DisposeAsync()
    {
        await _elsewhere.DisposeAsync();
        await _engine.DisposeAsync();
        await _ledger.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(1), InlineData(2)]
    public async Task They_are_what_each_stream_says(int seed)
    {
        var chance = new Random(seed);
        var people = Enumerable.Range(0, 60).Select(_ => NewSubject()).ToList();
        var erased = new HashSet<SubjectId>();
        string[] topics = ["newsletter", "module-crm", "account-notices", "horoscopes"], channels = ["email", "phone"];
        var questions = (from person in people from topic in topics from channel in channels select new SendQuestion(person, topic, channel)).ToArray();
        for (var round = 0; round < 5; round++)
        {
            foreach (var _ in Enumerable.Range(0, 120))
            {
                var (person, topic, channel) = (people[chance.Next(people.Count)], topics[chance.Next(3)], channels[chance.Next(2)]);
                if (erased.Contains(person)) continue;
                object fact = chance.Next(10) switch
                {
                    // Each hears its own part of it, in its own time.
                    0 when chance.Next(2) == 0 => Tied(1, people[chance.Next(people.Count)], isOne: chance.Next(3) > 0),
                    0 => new ErasureStarted(NewId()),
                    1 => Heard(chance.Next(100), given: chance.Next(2) == 0),
                    2 => new PreferencesRead("somebody"),
                    < 6 => Closed(topic, channel),
                    _ => Opened(topic, channel, chance.Next(2) == 0 ? Cause.Preference : Cause.ConsentGranted) with { OccurredAt = Noon.AddMinutes(chance.Next(3)) },
                };
                await RecordAsync(person.Stream, SubjectPreferences.Stream, fact);
                if (fact is not ErasureStarted) continue;
                erased.Add(person);
                if (chance.Next(2) == 0) await RecordAsync(person.Stream, SubjectPreferences.Stream, new SubjectErased(NewId()));
            }

            // Some are found out and some remembered, and the second time all are.
            chance.Shuffle(questions);
            for (var again = 0; again < 2; again++) await ShouldBeExactAsync(questions);
        }
    }

    [Fact]
    public async Task What_one_id_leaves_the_others_have_left_and_nothing_else_of_theirs_has_to_change_for_it()
    {
        var ids = Enumerable.Range(0, 4).Select(_ => NewSubject()).ToList();
        var questions = ids.Select(id => new SendQuestion(id, "module-crm", "email")).ToList();
        foreach (var (one, other) in ids.Zip(ids.Skip(1)))
        {
            await RecordAsync(one.Stream, SubjectPreferences.Stream, Tied(1, other));
            await RecordAsync(other.Stream, SubjectPreferences.Stream, Tied(1, one));
        }

        (await KindsAsync()).ShouldBe([StandingKind.NeverAsked, StandingKind.NeverAsked, StandingKind.NeverAsked, StandingKind.NeverAsked]);
        await RecordAsync(ids[0].Stream, SubjectPreferences.Stream, Closed("module-crm"));
        (await KindsAsync()).ShouldBe([StandingKind.Left, StandingKind.Left, StandingKind.Left, StandingKind.Left]);
        await RecordAsync(ids[1].Stream, SubjectPreferences.Stream, Tied(2, ids[2], isOne: false));
        await RecordAsync(ids[2].Stream, SubjectPreferences.Stream, Tied(2, ids[1], isOne: false));
        (await KindsAsync()).ShouldBe([StandingKind.Left, StandingKind.Left, StandingKind.NeverAsked, StandingKind.NeverAsked]);
        await RecordAsync(ids[3].Stream, SubjectPreferences.Stream, new ErasureStarted(NewId()));
        (await KindsAsync()).ShouldBe([StandingKind.Left, StandingKind.Left, StandingKind.Erased, StandingKind.Erased]);

        async Task<IEnumerable<StandingKind>> KindsAsync() => (await _standings.ReadAsync(Tenant, questions, CancellationToken.None)).Standings.Select(s => s.Kind);
    }

    [Fact]
    public async Task What_is_acknowledged_is_in_the_next_answer_and_a_policy_too()
    {
        var person = NewSubject();
        SendQuestion[] question = [new(person, "newsletter", "email")];
        (await _standings.ReadAsync(Tenant, question, CancellationToken.None)).Standings.ShouldBe([Standing.NeverAsked]);
        for (var i = 0; i < 20; i++)
        {
            await RecordAsync(person.Stream, SubjectPreferences.Stream, i % 2 == 0 ? Opened("newsletter") : Closed("newsletter"));
            (await _standings.ReadAsync(Tenant, question, CancellationToken.None)).Standings[0].Kind.ShouldBe(i % 2 == 0 ? StandingKind.Subscribed : StandingKind.Left);
        }

        (await _standings.ReadAsync(Tenant, question, CancellationToken.None)).Pack!.Version.ShouldBe(Packs.Northwind.Version);
        await RecordAsync(PolicyBook.Of(Tenant).Id, PolicyBook.Stream, new PolicyFollowed(Packs.Northwind with { Version = "next" }, 2));
        (await _standings.ReadAsync(Tenant, question, CancellationToken.None)).Pack!.Version.ShouldBe("next");
        _standings.LastKnown(Tenant)!.Version.ShouldBe("next");
    }

    [Fact]
    public async Task An_event_that_only_a_newer_release_knows_lets_nothing_be_said_about_its_person()
    {
        var person = NewSubject();
        await RecordAsync(person.Stream, SubjectPreferences.Stream, Opened("module-crm"));
        await RecordAsync(person.Stream, SubjectPreferences.Stream, Opened("newsletter"));
        await using (var rename = _ledger.CreateCommand($"update mt_events set type = 'marketing.from-a-newer-release.v1' where stream_id = '{person}' and version = 1")) await rename.ExecuteNonQueryAsync();
        await Should.ThrowAsync<InvalidDataException>(() => _standings.ReadAsync(Tenant, [new SendQuestion(person, "newsletter", "email")], CancellationToken.None));
        (await _standings.ReadAsync(Tenant, [new SendQuestion(NewSubject(), "newsletter", "email")], CancellationToken.None)).Standings.ShouldBe([Standing.NeverAsked]);
    }

    private async Task ShouldBeExactAsync(IReadOnlyList<SendQuestion> questions)
    {
        var read = await new StateReader(_engine, MarketingCatalog.Events).ReadAsync([.. questions.Select(q => new StreamKey(Tenant, q.Subject.Stream))], SubjectPreferences.Stream, CancellationToken.None);
        var states = read.ToDictionary(s => s.Key.Id, s => s.Value);
        var expected = questions.Select(q => Standing.Of([.. SubjectPreferences.IdsOf(q.Subject.Stream, states).Select(s => states[s])], q.Topic, q.Channel));
        (await _standings.ReadAsync(Tenant, questions, CancellationToken.None)).Standings.ShouldBe(expected);
    }

    private async Task RecordAsync(StreamId stream, StreamType type, object facts) =>
        (await _elsewhere.ExecuteAsync(new Command(new StreamKey(Tenant, stream), type, null, default, _ => Decision.Of(facts)), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();
}
