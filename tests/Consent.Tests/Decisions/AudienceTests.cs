using System.Text.Json;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Decisions.Audiences;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Decisions;

/// <summary>An audience is exactly those for whom a single question is answered yes, however far its table has come.</summary>
public sealed class AudienceTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromMinutes(2));
    private ConsentDatabases _databases = null!;
    private IEventEngine _engine = null!;
    private Replica _replica = null!;
    private SubjectFacts _table = null!;
    private AudienceReader _audiences = null!;

    private CancellationToken Ct => _timeout.Token;

    public async Task InitializeAsync()
    {
        _databases = await ConsentDatabases.CreateAsync(Ct);
        _engine = _databases.Engine();
        _replica = new Replica(_engine);
        _table = new SubjectFacts(_engine, ConsentCatalog.Events, _databases.Ledger, TimeProvider.System);
        _audiences = new AudienceReader(_databases.Ledger, _engine, ConsentCatalog.Events, _replica.Subjects);
        await _replica.PublishAsync(Packs.Spectral, Ct);
    }

    public async Task DisposeAsync()
    {
        await _replica.DisposeAsync();
        await _databases.DisposeAsync();
        _timeout.Dispose();
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task It_is_exactly_those_whom_a_single_question_allows(int seed)
    {
        var chance = new Random(seed);
        var people = Enumerable.Range(0, 300).Select(_ => Replica.NewPerson()).ToList();
        var (followed, day) = (0L, 1);
        for (var round = 0; round < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => (Person: people[chance.Next(people.Count)], Act: chance.Next(20), Day: ++day)).GroupBy(a => a.Person).Select(async acts =>
            {
                foreach (var (person, act, on) in acts)
                {
                    await _replica.RecordAsync(person, SubjectConsents.Stream, act switch
                    {
                        0 => new ErasureStarted(Guid.Empty),
                        1 => new SubjectErased(Guid.Empty),
                        < 8 => Acts.Withdrawn(on).Facts,
                        < 12 => Acts.Granted(on, channel: "sms").Facts,
                        _ => Acts.Granted(on).Facts,
                    }, Ct);
                }
            }));

            var (one, other) = (people[chance.Next(people.Count)], people[chance.Next(people.Count)]);
            if (one != other)
            {
                await _replica.RecordAsync(one, SubjectConsents.Stream, new SubjectMerged(other.Value, Acts.Day(day), Actor.Agent, Token.Parse("desk"), null), Ct);
                await _replica.RecordAsync(other, SubjectConsents.Stream, new SubjectMerged(one.Value, Acts.Day(day), Actor.Agent, Token.Parse("desk"), null), Ct);
            }

            await ShouldBeExactAsync(people);
            followed = await FollowAsync(followed, chance.Next(400));
            await ShouldBeExactAsync(people);
        }
    }

    [Fact]
    public async Task A_batch_that_comes_again_and_longer_adds_only_what_is_new()
    {
        var person = Replica.NewPerson();
        await _replica.GrantAsync(person, Ct);
        await _replica.WithdrawAsync(person, Ct);
        await FollowAsync(0, 2);
        var first = await FactsLengthAsync();
        await FollowAsync(0, 2);
        (await FactsLengthAsync()).ShouldBe(first);
        await FollowAsync(0, 3);
        var both = await FactsLengthAsync();
        both.ShouldBeGreaterThan(first);
        await FollowAsync(1, 2);
        (await FactsLengthAsync()).ShouldBe(both);
        await ShouldBeExactAsync([person]);
    }

    [Fact]
    public async Task A_history_longer_than_what_is_read_at_once_is_read_whole()
    {
        var (busy, quiet) = (Replica.NewPerson(), Replica.NewPerson());
        await _replica.GrantAsync(quiet, Ct);
        await Task.WhenAll(Enumerable.Range(0, 2500).Select(_ => _replica.GrantAsync(busy, Ct)));
        await FollowAsync(0, 10_000);
        (await FactsLengthAsync()).ShouldBeGreaterThan(512 * 1024);
        await ShouldBeExactAsync([busy, quiet]);
        await _replica.WithdrawAsync(busy, Ct);
        await ShouldBeExactAsync([busy, quiet]);
    }

    [Fact]
    public async Task Rows_larger_than_a_chunk_follow_each_other()
    {
        List<StreamId> people = [Replica.NewPerson(), Replica.NewPerson(), Replica.NewPerson()];
        foreach (var person in people) await _replica.GrantAsync(person, Ct);
        await FollowAsync(0, 10);
        await using (var grow = _databases.Ledger.CreateCommand("update subject_facts set facts = decode(repeat(encode(facts, 'hex'), 600000 / length(facts)), 'hex')")) await grow.ExecuteNonQueryAsync(Ct);
        await ShouldBeExactAsync(people);
    }

    [Fact]
    public async Task Tables_emptied_under_a_follower_are_filled_from_the_beginning()
    {
        List<StreamId> people = [Replica.NewPerson(), Replica.NewPerson()];
        foreach (var person in people) await _replica.GrantAsync(person, Ct);
        var followed = await FollowAsync(0, 10);
        await using (var empty = _databases.Ledger.CreateCommand("truncate subject_facts, subject_facts_followed")) await empty.ExecuteNonQueryAsync(Ct);
        await _replica.WithdrawAsync(people[0], Ct);
        await FollowAsync(followed, 10);
        (await ScalarAsync("select count(*) from subject_facts")).ShouldBe(2);
        (await ScalarAsync("select next_position from subject_facts_followed")).ShouldBe(followed + 1);
        await ShouldBeExactAsync(people);
    }

    [Fact]
    public void A_third_audience_at_once_has_to_wait()
    {
        using var one = _audiences.TryTakeTurn();
        var two = _audiences.TryTakeTurn().ShouldNotBeNull();
        _audiences.TryTakeTurn().ShouldBeNull();
        two.Dispose();
        using var three = _audiences.TryTakeTurn().ShouldNotBeNull();
    }

    [Fact]
    public async Task Of_the_erased_the_table_keeps_only_that_they_are()
    {
        var person = Replica.NewPerson();
        await _replica.GrantAsync(person, Ct);
        await FollowAsync(0, 10);
        var before = await FactsLengthAsync();
        await _replica.RecordAsync(person, SubjectConsents.Stream, new SubjectErased(Guid.Empty), Ct);
        await FollowAsync(2, 10);
        (await FactsLengthAsync()).ShouldBeLessThan(before);
        await ShouldBeExactAsync([person]);
    }

    [Fact]
    public async Task The_table_follows_the_log_by_itself()
    {
        var person = Replica.NewPerson();
        await _replica.GrantAsync(person, Ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var following = _table.FollowAsync(stop.Token);
        var granted = await _replica.WithdrawAsync(person, Ct);
        while (await ScalarAsync("select coalesce(max(next_position), 0) from subject_facts_followed") <= granted) await _engine.WaitForAppendAsync(TimeSpan.FromMilliseconds(50), Ct);
        await stop.CancelAsync();
        await Task.WhenAny(following);
        await ShouldBeExactAsync([person]);
    }

    [Fact]
    public async Task A_table_that_was_never_built_makes_the_audience_wait()
    {
        await FollowAsync(0, 1);
        await using (var far = _databases.Ledger.CreateCommand("update subject_facts_followed set next_position = -200001")) await far.ExecuteNonQueryAsync(Ct);
        (await _audiences.ReadAsync(Replica.Tenant, (_, _, _) => true, (_, _) => ValueTask.CompletedTask, Ct)).ShouldBeNull();
    }

    [Fact]
    public void Compact_facts_say_what_the_events_said()
    {
        var compact = new CompactFacts(ConsentCatalog.Events);
        var all = new StreamType<List<(object, EventPlace)>>([], (list, facts, place) => [.. list, (facts, place)]);
        var events = Samples.Events.Concat(Samples.Events).Select((facts, i) => new StoredEvent(
            new StreamKey(Replica.Tenant, default), new EventPlace(i * 7L, i + 1, Acts.Day(i)), Guid.Empty, ConsentCatalog.Events.NameOf(facts),
            JsonSerializer.SerializeToUtf8Bytes(facts, facts.GetType(), EventCatalog.Json), null)).ToList();
        byte[] bytes = [.. events.SelectMany(compact.Encode)];

        for (var again = 0; again < 2; again++)
        {
            compact.Replay(bytes, all, [], long.MaxValue).Select(Told).ShouldBe(events.Select(e => Told((ConsentCatalog.Events.Decode(e), e.Place))));
            compact.Replay(bytes, all, [], 14).Count.ShouldBe(2);
        }

        static string Told((object Facts, EventPlace Place) e) => $"{e.Place} {e.Facts.GetType().Name} {JsonSerializer.Serialize(e.Facts, e.Facts.GetType(), EventCatalog.Json)}";
    }

    [Fact]
    public void Compact_facts_of_another_release_are_read_as_they_were_written()
    {
        var (before, after) = (new EventCatalog(("said.v1", typeof(SaidBefore))), new EventCatalog(("said.v1", typeof(SaidAfter))));
        const string stored = """{"asked":"2026-02-01T10:00:00+01:00","from":"2026-03-01T00:00:00+00:00","said":"2026-04-01T00:00:00+00:00","words":"0001-01-01T00:00:00+00:00"}""";
        foreach (var writer in new[] { before, after, new EventCatalog() })
            foreach (var reader in new[] { before, after })
            {
                var e = new StoredEvent(new StreamKey(Replica.Tenant, default), new EventPlace(1, 1, Acts.Day(1)), Guid.Empty, "said.v1", System.Text.Encoding.UTF8.GetBytes(stored), null);
                var read = new CompactFacts(reader).Replay<object>(new CompactFacts(writer).Encode(e), new StreamType<object>(e, (_, facts, _) => facts), e, long.MaxValue);
                read.ShouldBe(reader.Decode(e));
            }
    }

    [Fact]
    public void Compact_facts_in_a_form_of_another_release_are_refused_with_what_to_do()
    {
        var compact = new CompactFacts(ConsentCatalog.Events);
        Should.Throw<InvalidDataException>(() => compact.Replay([2, .. new byte[40]], SubjectConsents.Stream, SubjectConsents.Nobody, long.MaxValue)).Message.ShouldContain("subject_facts_followed");
    }

    private sealed record SaidBefore(DateTimeOffset Asked, DateTimeOffset Said, string Words);

    private sealed record SaidAfter(DateTimeOffset? From, DateTimeOffset Said, string Words);

    private async Task ShouldBeExactAsync(IReadOnlyList<StreamId> people)
    {
        var listed = new List<StreamId>();
        var read = await _audiences.ReadAsync(Replica.Tenant, (id, person, read) => Replica.Decide(id, person, read).Allowed, (_, found) => { listed.AddRange(found); return ValueTask.CompletedTask; }, Ct);
        var single = await _replica.Subjects.ReadAsync(Replica.Tenant, people, Freshness.Strict, Ct);

        read.ShouldNotBeNull().Position.ShouldBe(single.Position);
        listed.Select(s => s.Value).Order().ShouldBe(people.Where(p => Replica.Decide(p, single).Allowed).Select(s => s.Value).Order());
    }

    private async Task<long> FollowAsync(long from, int events)
    {
        var batch = await _engine.ReadFromAsync(Replica.Tenant, from, events, Ct);
        if (batch.Count > 0) await _table.AddAsync(batch, Ct);
        return from + batch.Count;
    }

    private Task<long> FactsLengthAsync() => ScalarAsync("select coalesce(sum(length(facts)), 0)::bigint from subject_facts");

    private async Task<long> ScalarAsync(string sql)
    {
        await using var command = _databases.Ledger.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
