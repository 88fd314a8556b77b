using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text.Json;
using System.Threading.Channels;
using ConsentLedger.Consent.Consents.Confirming;
using ConsentLedger.Consent.Consents.Finding;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.Consent.Consents.Importing;

/// <summary>One line of an import: a grant, the second step of one, or a withdrawal, with the same body as over HTTP.</summary>
/// <param name="Confirm">Comes after the line of the grant.</param>
/// <param name="Id">The line's own id in the system it comes from; without one, the line's bytes name it. The same line again is carried out once.</param>
public sealed record ImportLine(SubjectId Subject, GrantConsent? Grant = null, WithdrawConsent? Withdraw = null, string? Id = null, ConfirmConsent? Confirm = null)
{
    internal IReadOnlyList<ISubjectAct> Acts =>
        [.. new ISubjectAct?[] { Grant is null ? null : Grant with { Imported = true }, Confirm, Withdraw is null ? null : Withdraw with { Imported = true } }.OfType<ISubjectAct>()];

    internal Token? Source => Grant?.Source ?? Withdraw?.Source ?? Confirm?.Source;
}

/// <summary>What became of one line, in the order of the lines.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Outcome"><c>recorded</c>, <c>unchanged</c>, <c>refused</c> or <c>invalid</c>.</param>
public sealed record ImportResult(long Line, string Outcome, string? Code = null, string? Reason = null, long? Position = null, long? Version = null);

/// <summary>
/// Bulk import as a stream: each line is answered as soon as it and those before it are done. An import may restrict; it gives consent back
/// to someone who withdrew it only with that person's own later act, because the same decider decides.
/// </summary>
public static class ImportConsents
{
    private const string NdJson = "application/x-ndjson";
    private const int MaxLineBytes = 64 * 1024;
    private const int InFlight = 512;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/v1/imports", HandleAsync).RequireScope(Scopes.ConsentImport).WithBodyLimit(null).Accepts<ImportLine>(NdJson);

    private static IResult HandleAsync(HttpRequest request, Caller caller, DeciderLoop ledger, SubjectKeys keys, AddressIndex index, CancellationToken ct)
    {
        var inFlight = new LinesInFlight();
        return TypedResults.Stream(body => AnswerAsync(request.BodyReader, body, (line, bytes) => CarryOutAsync(line, bytes, caller, ledger, keys, index, inFlight, ct), ct), NdJson);
    }

    private static async Task AnswerAsync(PipeReader lines, Stream answers, Func<long, byte[]?, Task<ImportResult>> carryOut, CancellationToken ct)
    {
        // The queue's bound is the window of lines in flight: enough to fill the ledger's batches, and never the whole file.
        var running = Channel.CreateBounded<Task<ImportResult>>(InFlight);
        var reading = ReadAsync(lines, (line, bytes) => running.Writer.WriteAsync(carryOut(line, bytes), ct), ct)
            .ContinueWith(done => running.Writer.Complete(done.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach (var result in running.Reader.ReadAllAsync(ct))
        {
            await JsonSerializer.SerializeAsync(answers, await result, StrictJson.Options, ct);
            await answers.WriteAsync("\n"u8.ToArray(), ct);
        }

        await reading;
    }

    /// <summary>Hands on each line that is not blank; null for one that is too long.</summary>
    private static async Task ReadAsync(PipeReader reader, Func<long, byte[]?, ValueTask> handle, CancellationToken ct)
    {
        var number = 0L;
        await foreach (var line in BoundedLines.ReadAsync(reader, MaxLineBytes, ct))
        {
            number++;
            if (line is null || !line.AsSpan().Trim(" \t\r"u8).IsEmpty) await handle(number, line);
        }
    }

    private static async Task<ImportResult> CarryOutAsync(
        long number, byte[]? bytes, Caller caller, DeciderLoop ledger, SubjectKeys keys, AddressIndex index, LinesInFlight inFlight, CancellationToken ct)
    {
        if (bytes is null) return new(number, "invalid", "line_too_long", $"A line has at most {MaxLineBytes} bytes.");
        if (!StrictJson.TryRead<ImportLine>(bytes, out var line, out var problem)) return new(number, "invalid", problem.Code, Told(problem));
        if (line.Acts is not [var act]) return new(number, "invalid", "body_invalid", "A line has either a grant, a confirm or a withdraw.");
        if (line.Source is null) return new(number, "refused", "source_required", "What is imported names where it comes from (GDPR art. 14(2)(f)).");
        return await inFlight.RunAsync(line.Subject, isAfterOthers: line.Confirm is not null, () => RecordAsync(number, line, act, bytes, caller, ledger, keys, index, ct));
    }

    private static async Task<ImportResult> RecordAsync(
        long number, ImportLine line, ISubjectAct act, byte[] bytes, Caller caller, DeciderLoop ledger, SubjectKeys keys, AddressIndex index, CancellationToken ct)
    {
        var (stream, evidence) = (new StreamKey(caller.Tenant, line.Subject.Stream), act.Evidence);
        using var key = await keys.KeyForAsync(stream, evidence, ct);
        var command = act.CommandOf(stream, IdOf(line, bytes, caller, key), Digest.Of(bytes));
        await FindSubject.IndexAsync(index, evidence, key, ct);
        var outcome = await ledger.ExecuteAsync(command.Sealing(evidence, key), ct);
        return outcome switch
        {
            Outcome.Recorded recorded => new(number, "recorded", recorded.Note, null, recorded.Position, recorded.Version),
            Outcome.Unchanged unchanged => new(number, "unchanged", null, null, null, unchanged.Version),
            Outcome.Refused { Refusal: var refusal } => new(number, "refused", refusal.Code, refusal.Reason),
            Outcome.IdReused => new(number, "refused", "idempotency_key_reused", "The same line id came before, with another line."),
            _ => throw new InvalidOperationException("An import expects no version."),
        };
    }

    private static Digest IdOf(ImportLine line, byte[] bytes, Caller caller, SubjectKey? key)
    {
        if (line.Id is { } given) return Digest.Of($"import:{caller.Tenant}:{caller.ClientId}", given);
        var ofLine = Digest.Of($"import:{caller.Tenant}", Convert.ToHexString(bytes));
        return key?.Mask(ofLine) ?? ofLine;
    }

    private static string Told(Problem problem) => problem.Member is { } member ? $"{problem.Title} ({member})" : problem.Title;

    /// <summary>Lines are carried out many at once, and all but confirmations say what they say in any order. Who is in none of those that run is not in here.</summary>
    private sealed class LinesInFlight
    {
        private readonly ConcurrentDictionary<SubjectId, Task> _of = [];

        /// <summary>Called for one line after the other.</summary>
        /// <param name="isAfterOthers">Waits for the lines about the same subject that came before.</param>
        public async Task<ImportResult> RunAsync(SubjectId subject, bool isAfterOthers, Func<Task<ImportResult>> carryOut)
        {
            var before = _of.GetValueOrDefault(subject, Task.CompletedTask);
            var running = isAfterOthers ? AfterAsync() : carryOut();
            var all = BothAsync();
            _of[subject] = all;
            try
            {
                // Answers are given in the order of the lines anyway.
                await all;
                return await running;
            }
            finally
            {
                _of.TryRemove(KeyValuePair.Create(subject, all));
            }

            async Task<ImportResult> AfterAsync()
            {
                await before;
                return await carryOut();
            }

            // Once it is over it holds on to neither: a list about one person is no chain.
            async Task BothAsync()
            {
                await before;
                await running;
            }
        }
    }
}
