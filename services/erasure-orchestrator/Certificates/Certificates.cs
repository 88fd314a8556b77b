using System.Security.Cryptography;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.Ledger;
using ConsentLedger.Transparency;

namespace ConsentLedger.ErasureOrchestrator.Certificates;

/// <summary>
/// Certificates of requests that are completed. What one states is recorded soon after the end, whoever asks for it (<see cref="CertifyEnded"/>), and never changes; the proof beside it is as of the newest checkpoint.
/// </summary>
public sealed class Certificates(IEventEngine engine, DeciderLoop ledger, StateReader reader, Checkpoints checkpoints, LogTree tree, LogKeys keys)
{
    private const int PageSize = 500;

    /// <summary>Recorded once, so that a certificate which states anything else is not ours.</summary>
    public static Decision Decide(Guid request, string sha256, SubjectRequests subject) =>
        subject.Find(request) is { CompletedAt: not null, Certificate: null } ? Decision.Of(new ErasureCertified(request, sha256)) : Decision.Unchanged;

    /// <param name="request">One that is completed.</param>
    /// <param name="atMost">How long a checkpoint is waited for that covers its end.</param>
    /// <returns>Null while none does.</returns>
    public async Task<byte[]?> IssueAsync(StreamKey subject, PersonRequest request, TimeSpan atMost, CancellationToken ct)
    {
        var events = await ReadEventsAsync(subject, request.Id, ct);
        var (position, statement) = (events[^1].Event.Place.Position, StatementOf(subject, request, events));
        if (request.Certificate is null) await RecordAsync(subject, request.Id, statement, ct);
        if (await checkpoints.WaitForAsync(subject.Tenant, position + 1, atMost, ct) is not { } checkpoint) return null;
        var proof = await tree.ProveInclusionAsync(subject.Tenant, position, checkpoint.Head.Size, ct);
        return CertificateWriter.Write(statement, request.Id, events, new LogProof(position, events[^1].Entry.Bytes, proof, checkpoint.Note), text => keys.Sign(subject.Tenant, text));
    }

    /// <summary>Records what the certificate states, where that is not done.</summary>
    public async Task CertifyAsync(StreamKey subject, Guid request, CancellationToken ct)
    {
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        if (state.Find(request) is { CompletedAt: not null, Certificate: null } completed) await RecordAsync(subject, request, StatementOf(subject, completed, await ReadEventsAsync(subject, request, ct)), ct);
    }

    private byte[] StatementOf(StreamKey subject, PersonRequest request, IReadOnlyList<ProvableEvent> events) =>
        CertificateWriter.Statement(keys.OriginOf(subject.Tenant), subject.Id.Value, request, events.Select(e => e.Event));

    private Task<Outcome> RecordAsync(StreamKey subject, Guid request, byte[] statement, CancellationToken ct)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(statement));
        return ledger.ExecuteAsync(new Command(subject, SubjectRequests.Stream, Id: null, default, context => Decide(request, sha256, context.State<SubjectRequests>())), ct);
    }

    /// <summary>From the request to its end, with whatever else of the person lies between them: left out, there would be a gap.</summary>
    private async Task<IReadOnlyList<ProvableEvent>> ReadEventsAsync(StreamKey subject, Guid request, CancellationToken ct)
    {
        var events = new List<ProvableEvent>();
        for (var after = 0L; ;)
        {
            var page = await engine.ReadProvableAsync(subject, after, PageSize, ct);
            foreach (var e in page)
            {
                var facts = ErasureCatalog.Events.Decode(e.Event);
                if (events.Count == 0 && (facts as ErasureRequested)?.Request != request) continue;
                events.Add(e);
                if (facts is ErasureCompleted { Request: var ended } && ended == request) return events;
            }

            if (page.Count < PageSize) throw new InvalidDataException("A completed request has no end in its stream.");
            after = page[^1].Event.Place.Version;
        }
    }
}
