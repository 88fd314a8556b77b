using System.Text;
using System.Text.Json;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Transparency;
using Microsoft.AspNetCore.Mvc;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>What proves one event: its entry, the way from there to the root, and the checkpoint with that root; verified here, and again by the script where it runs.</summary>
internal static class ShowProof
{
    public static void Map(IEndpointRouteBuilder pages) =>
        pages.MapGet("/console/subjects/{subject}/events/{version:long}", HandleAsync).RequireScope(Scopes.ConsentAudit).ForBrowsers(SignIn.Pages);

    private static async Task<IResult> HandleAsync(
        SubjectId subject, long version, [FromQuery] long? reading, HttpRequest request, Caller caller, SubjectFiles files, IEventEngine engine, Checkpoints checkpoints, LogTree tree, LogKeys keys,
        CancellationToken ct)
    {
        if (reading is null || await files.OpenAsync(caller, subject, reading.Value, ct) is not { } file) return TypedResults.LocalRedirect($"/console/subjects/{subject}");
        if (file.Events.FirstOrDefault(e => e.Place.Version == version) is not { } e) return SignIn.Pages.Refusal(request.HttpContext, KnownProblems.NotFound);

        var entry = (await engine.ReadEntriesAsync(caller.Tenant, e.Place.Position, 1, ct))[0];
        var signed = await checkpoints.FindAsync(caller.Tenant, ct);
        var path = signed is not null && signed.Head.Size > e.Place.Position ? await tree.ProveInclusionAsync(caller.Tenant, e.Place.Position, signed.Head.Size, ct) : null;
        return ProofPage.Of(file, new EventProof(e, entry, path is null ? null : signed, path ?? [], keys.VerifierOf(caller.Tenant)));
    }
}

/// <summary>Everything that the proof of one event is made of.</summary>
/// <param name="Signed">The newest checkpoint that covers the event; null before there is one.</param>
/// <param name="Path">The inclusion proof, the leaf's neighbour first.</param>
/// <param name="Key">The log's own.</param>
internal sealed record EventProof(KnownEvent Event, StoredEntry Entry, SignedCheckpoint? Signed, IReadOnlyList<Hash> Path, VerifierKey Key)
{
    public Hash Leaf { get; } = TreeHash.Leaf(Entry.Bytes);

    /// <summary>What is wrong with the entry: not this event's, or not the leaf that the event names. Null where it is sound.</summary>
    public string? FindEntryFault()
    {
        if (!Ledger.Entry.TryDecode(Entry.Bytes, out var entry, out var fault)) return fault.Reason;
        var place = Event.Place;
        return (entry.Stream, entry.Version, entry.RecordedMs) != (Event.Stored.Stream.Id.Value, place.Version, place.RecordedAt.ToUnixTimeMilliseconds()) ? "The entry is another event's."
            : Leaf != Event.Stored.Leaf ? "The event names another leaf."
            : null;
    }

    /// <summary>As above, for the facts and the commitment to them.</summary>
    public string? FindFactsFault() =>
        !FactsCommitment.TryCommit(Entry.Salt!, Event.Stored.Type, Event.Stored.Data, out var facts, out var fault) ? fault.Reason
        : !Ledger.Entry.TryDecode(Entry.Bytes, out var entry, out fault) ? fault.Reason
        : entry.Facts != facts ? "The facts are not those committed to."
        : null;

    public string? FindPathFault() =>
        InclusionProof.Verify(Leaf, Event.Place.Position, Signed!.Head.Size, Signed.Head.Root, [.. Path], out var fault) ? null : fault.Reason;

    public string? FindSignatureFault() =>
        !Note.TryParse(Signed!.Note, out var note, out var fault) || !note.TryVerify([Key], out _, out fault) ? fault.Reason : null;

    /// <summary>The facts in the form that is committed to.</summary>
    public string CanonicalFacts()
    {
        var written = new System.Buffers.ArrayBufferWriter<byte>();
        return CanonicalJson.TryWrite(Event.Stored.Data, written, out _) ? $"{{\"data\":{Encoding.UTF8.GetString(written.WrittenSpan)},\"type\":{JsonSerializer.Serialize(Event.Stored.Type)}}}" : "";
    }

    /// <summary>For the script: what it needs beside what the page shows.</summary>
    public string ToJson() => JsonSerializer.Serialize(new { index = Event.Place.Position, key = new { name = Key.Name, id = $"{Key.Id:x8}", publicKey = Convert.ToHexStringLower(Key.PublicKey) } });
}
