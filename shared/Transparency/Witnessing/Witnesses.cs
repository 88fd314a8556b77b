using ConsentLedger.Ledger;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.Transparency;

/// <summary>Proves that a tree of a log begins with an older one of it. Several may be asked for at once.</summary>
public delegate Task<IReadOnlyList<Hash>> ConsistencySource(long oldSize, long newSize, CancellationToken ct);

/// <summary>Those who cosign this service's checkpoints (C2SP tlog-witness): without them, nobody could tell that we showed two people two different trees.</summary>
public sealed class Witnesses : IDisposable
{
    private readonly HttpClient _http;
    private readonly IReadOnlyList<Witness> _witnesses;
    private readonly int _quorum;
    private readonly TimeSpan _grace;
    private readonly TimeProvider _clock;

    public Witnesses(WitnessOptions options, Remotes remotes, TimeProvider clock, ILogger<Witnesses> log)
    {
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1), AllowAutoRedirect = false, UseCookies = false })
        {
            MaxResponseContentBufferSize = Note.MaxLength,

            // The pipelines' limits are the ones that count.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _witnesses = [.. options.Keys().Select(w => new Witness(w.Key, w.Url, _http, remotes, clock.Unmoved(), log))];
        (_quorum, _grace, _clock) = (options.Quorum ?? _witnesses.Count, TimeSpan.FromMilliseconds(options.WitnessGraceMs), clock);
    }

    /// <summary>Without any, a checkpoint is ready when the log has signed it.</summary>
    public int Count => _witnesses.Count;

    /// <summary>
    /// Asks all witnesses at once and returns when each has answered, or a moment after enough have. Nothing of it goes on afterwards.
    /// </summary>
    /// <param name="checkpoint">Signed by the log.</param>
    /// <param name="prove">Asked for what a witness's own last size takes; its exceptions come through.</param>
    public Task<Cosigning> CosignAsync(Note checkpoint, ConsistencySource prove, CancellationToken ct) =>
        AskAsync(checkpoint, _quorum, (witness, head, ct) => witness.CosignAsync(checkpoint, head, prove, ct), ct);

    /// <summary>
    /// Asks every witness how much of this log it knows, by showing again what was shown before: old size and new are one, so nothing is cosigned that was not already,
    /// and a witness that knows another size says which.
    /// </summary>
    /// <param name="last">The log's own last signed checkpoint.</param>
    public Task<Cosigning> ShowAgainAsync(Note last, CancellationToken ct) =>
        AskAsync(last, _witnesses.Count, (witness, head, ct) => witness.ShowAgainAsync(last, head, ct), ct);

    public void Dispose() => _http.Dispose();

    private async Task<Cosigning> AskAsync(Note checkpoint, int enough, Func<Witness, Checkpoint, CancellationToken, Task<WitnessAnswer>> ask, CancellationToken ct)
    {
        if (!Checkpoint.TryParse(checkpoint.Text.Span, out var head, out var fault)) throw new ArgumentException(fault.Reason, nameof(checkpoint));

        using var late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        var asked = _witnesses.Select(witness => ask(witness, head, stop.Token)).ToList();
        var missing = enough;
        await foreach (var answered in Task.WhenEach(asked))
        {
            if (!answered.IsCompletedSuccessfully) continue;
            var answer = await answered;
            if (answer.Verdict == WitnessVerdict.Cosigned && --missing == 0) late.CancelAfter(_grace);
        }

        ct.ThrowIfCancellationRequested();
        var answers = await Task.WhenAll(asked);
        var note = answers.Aggregate(checkpoint, (note, answer) => answer.Cosignature is { } cosignature ? note.With(cosignature) : note);
        return new Cosigning(note, missing <= 0, answers);
    }
}

/// <summary>What the witnesses made of a checkpoint.</summary>
/// <param name="Note">The checkpoint with all cosignatures that hold, also where they are too few.</param>
/// <param name="HasQuorum">Enough witnesses cosigned.</param>
/// <param name="Answers">One of each witness, in the order of the configuration.</param>
public sealed record Cosigning(Note Note, bool HasQuorum, IReadOnlyList<WitnessAnswer> Answers)
{
    private static readonly LedgerFault
        KnownLarger = new("log_known_larger", "A witness has seen a larger tree of this log."),
        KnownOther = new("log_known_other", "A witness has seen another tree of this log.");

    /// <summary>Whether what is stored was put back to an earlier state since it was shown to witnesses, or is another log than they saw.</summary>
    /// <param name="size">Of the stored tree, read after the witnesses were asked: another process may have shown them more meanwhile.</param>
    public LedgerFault? FindFault(long size) =>
        Answers.Any(a => a.Known > size) ? KnownLarger
        : Answers.Any(a => a.Verdict == WitnessVerdict.Contradicted) ? KnownOther
        : null;
}

/// <param name="Known">How large a tree of this log the witness has cosigned, in leaves; null where it did not say.</param>
/// <param name="Cosignature">One that holds, or null.</param>
public sealed record WitnessAnswer(string Witness, WitnessVerdict Verdict, long? Known = null, NoteSignature? Cosignature = null);

public enum WitnessVerdict
{
    Cosigned,

    /// <summary>409: it knows another size, and <see cref="WitnessAnswer.Known"/> says which.</summary>
    KnowsOther,

    /// <summary>422: the proof does not lead from what it has cosigned to this checkpoint.</summary>
    Contradicted,

    /// <summary>404: it was not told of this log.</summary>
    UnknownLog,

    /// <summary>403: it was told of another key of this log.</summary>
    UnknownKey,

    /// <summary>Something else, or a cosignature that does not hold or is of another time.</summary>
    Unusable,

    /// <summary>It could not be asked, or did not answer in time.</summary>
    Silent,

    /// <summary>Enough others had cosigned before it did.</summary>
    Late,
}
