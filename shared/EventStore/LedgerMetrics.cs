using System.Diagnostics.Metrics;

namespace ConsentLedger.EventStore;

/// <summary>What an operator watches of the ledger, under <see cref="Name"/>. No tag names a tenant or a person.</summary>
internal sealed class LedgerMetrics
{
    public const string Name = "ConsentLedger.EventStore";

    // Of a commit: below a millisecond is a local disk, above a second is trouble.
    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] };
    private static readonly InstrumentAdvice<int> PowersOfTwo = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] };

    private readonly TimeProvider _clock;
    private readonly Counter<long> _commands;
    private readonly Counter<long> _events;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<int> _commitSize;

    public LedgerMetrics(IMeterFactory? meters, TimeProvider clock)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _clock = clock;
        _commands = meter.CreateCounter<long>("consentledger.ledger.commands", "{command}", "Commands answered, repeats included.");
        _events = meter.CreateCounter<long>("consentledger.ledger.events", "{event}", "Events committed.");
        _commitDuration = meter.CreateHistogram("consentledger.ledger.commit.duration", "s", "From having something to write until the database has answered.", advice: Seconds);
        _commitSize = meter.CreateHistogram("consentledger.ledger.commit.size", "{command}", "Commands that shared a commit.", advice: PowersOfTwo);
    }

    public async Task<Outcome> AnswerAsync(Task<Outcome> answer)
    {
        try
        {
            var outcome = await answer;
            if (outcome is Outcome.Refused { Refusal.Code: var code }) _commands.Add(1, new("outcome", "refused"), new("code", code));
            else _commands.Add(1, new KeyValuePair<string, object?>("outcome", WordFor(outcome)));
            return outcome;
        }
        catch (Exception e) when (e is StoreUnavailableException or AppendConflictException)
        {
            _commands.Add(1, new KeyValuePair<string, object?>("outcome", "unavailable"));
            throw;
        }
    }

    /// <param name="written">What was, once it is.</param>
    public async Task CommitAsync(Task commit, Func<Work?> written)
    {
        var started = _clock.GetTimestamp();
        try
        {
            await commit;
        }
        catch (AppendConflictException e)
        {
            // Which one tells a race that another replica won from a command that came twice.
            Took(started, new("outcome", "conflict"), new("constraint", e.Constraint));
            throw;
        }
        catch (Exception e)
        {
            Took(started, new KeyValuePair<string, object?>("outcome", e is StoreUnavailableException ? "unavailable" : "failed"));
            throw;
        }

        Took(started, new KeyValuePair<string, object?>("outcome", "committed"));
        if (written() is not { } work) return;
        _commitSize.Record(work.Count);
        foreach (var e in work.Events) _events.Add(1, new KeyValuePair<string, object?>("type", e.Event.Type));
    }

    private static string WordFor(Outcome outcome) => outcome switch
    {
        Outcome.Recorded => "recorded",
        Outcome.Unchanged => "unchanged",
        Outcome.Conflict => "conflict",
        _ => "id-reused",
    };

    private void Took(long started, params ReadOnlySpan<KeyValuePair<string, object?>> tags) => _commitDuration.Record(_clock.GetElapsedTime(started).TotalSeconds, tags);
}
