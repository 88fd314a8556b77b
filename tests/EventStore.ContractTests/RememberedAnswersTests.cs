namespace ConsentLedger.EventStore.ContractTests;

/// <summary>What is remembered is never older than the log, and never more than fits.</summary>
public sealed class RememberedAnswersTests : IAsyncDisposable
{
    private static readonly TenantId Tenant = TenantId.Parse("northwind");

    private readonly MemoryEngine _engine = new();
    private readonly DeciderLoop _loop;
    private readonly RememberedAnswers<string, int, string> _remembered;
    private string _common = "as it was";

    public RememberedAnswersTests()
    {
        _loop = new DeciderLoop(_engine, Notebook.Catalog, TimeProvider.System);
        _remembered = Remembered(capacity: 10_000);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        _engine.Dispose();
    }

    [Fact]
    public async Task Whoever_has_grown_is_found_out_anew_and_nobody_else()
    {
        var (one, other) = (Id(1), Id(2));
        await NoteAsync(one, "a");
        var moment = await FollowAsync();
        _remembered.Remember(moment, "how many?", [(one, 1), (other, 0)]);
        await NoteAsync(one, "b");
        var answers = new int[2];
        _remembered.Find(await FollowAsync(), "how many?", [one, other], answers).ShouldBe([0]);
        _remembered.Find(moment, "how long?", [one, other], answers).ShouldBe([0, 1]);
    }

    [Fact]
    public async Task What_was_found_out_before_somebody_grew_is_not_kept_after()
    {
        var (one, other) = (Id(1), Id(2));
        await NoteAsync(one, "a");
        var moment = await FollowAsync();

        // As of the moment there is one note; while that is read, another comes and is heard of.
        await NoteAsync(one, "b");
        var next = await FollowAsync();
        _remembered.Remember(moment, "how many?", [(one, 1), (other, 0)]);
        _remembered.Find(next, "how many?", [one, other], new int[2]).ShouldBe([0]);
    }

    [Fact]
    public async Task When_what_all_rest_on_has_changed_no_answer_holds_and_none_from_before_is_kept()
    {
        var one = Id(1);
        await NoteAsync(one, "a");
        var before = await FollowAsync();
        _remembered.Remember(before, "how many?", [(one, 1)]);
        _common = "as it is now";
        await NoteAsync(Id(3), "a policy");
        var after = await FollowAsync();
        after.Common.ShouldBe("as it is now");
        _remembered.Remember(before, "how many?", [(one, 1)]);
        _remembered.Find(after, "how many?", [one], new int[1]).ShouldBe([0]);
        _remembered.Remember(after, "how many?", [(one, 1)]);
        _remembered.Find(before, "how many?", [one], new int[1]).ShouldBe([0]);
        _remembered.Find(after, "how many?", [one], new int[1]).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_time_has_ended_is_found_out_anew()
    {
        var one = Id(1);
        await NoteAsync(one, "a");
        var moment = await FollowAsync();
        _remembered.Remember(moment, "how many?", [(one, 1)]);
        _remembered.Find(moment, "how many?", [one], new int[1], answer => answer > 1).ShouldBe([0]);
        _remembered.Find(moment, "how many?", [one], new int[1], answer => answer == 1).ShouldBeEmpty();
    }

    [Fact]
    public async Task No_more_is_kept_than_fits_and_those_heard_of_late_stay()
    {
        var small = Remembered(capacity: 100);
        await NoteAsync(Id(1), "a");
        var moment = await small.FollowAsync(CancellationToken.None);
        var people = Enumerable.Range(1, 1000).Select(Id).ToArray();
        foreach (var some in people.Chunk(10))
        {
            small.Remember(moment, "how many?", some.Select(p => (p, 1)));
            small.Find(moment, "how many?", [people[0]], new int[1]).ShouldBeEmpty("whoever is asked about all the time stays");
        }

        small.Find(moment, "how many?", people, new int[1000]).Count.ShouldBeInRange(850, 950, "from half of what fits to half as much again");
    }

    [Fact]
    public async Task Nobody_hears_an_answer_from_before_what_they_know_to_be_recorded()
    {
        var late = 0;
        await Task.WhenAll(Enumerable.Range(1, 8).Select(worker => Task.Run(async () =>
        {
            var mine = Id(worker);
            for (var count = 1; count <= 60; count++)
            {
                await NoteAsync(mine, $"{count}");
                if (await CountAsync(mine) < count || await CountAsync(Id((worker % 8) + 1)) < 0) Interlocked.Increment(ref late);
            }
        })));
        late.ShouldBe(0);

        async Task<int> CountAsync(StreamId subject)
        {
            var (moment, answers) = (await FollowAsync(), new int[1]);
            if (_remembered.Find(moment, "how many?", [subject], answers).Count == 0) return answers[0];
            var found = (await _engine.ReadStreamsAsync([new StreamSlice(new StreamKey(Tenant, subject))], CancellationToken.None)).Count;
            await Task.Yield();
            _remembered.Remember(moment, "how many?", [(subject, found)]);
            return found;
        }
    }

    private RememberedAnswers<string, int, string> Remembered(int capacity) => new(Tenant, _engine, (_, _, _) => Task.FromResult(_common), capacity);

    private Task<RememberedAnswers<string, int, string>.Moment> FollowAsync() => _remembered.FollowAsync(CancellationToken.None);

    private async Task NoteAsync(StreamId stream, string text) => (await _loop.ExecuteAsync(Notebook.Note(new StreamKey(Tenant, stream), text), CancellationToken.None)).ShouldBeOfType<Outcome.Recorded>();

    private static StreamId Id(int number) => new(new Guid(number, 7, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1));
}
