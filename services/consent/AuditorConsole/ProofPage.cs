using System.Text;
using ConsentLedger.Ledger;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>One event's proof, step by step, each with who computed it.</summary>
internal static class ProofPage
{
    public static ConsolePage Of(SubjectFile file, EventProof proof) => new($"Proof of event {proof.Event.Place.Version}", $"""
        <p><a href="{EventList.AddressOf(file, proof.Event.Place)}">← History of {file.Subject.ToString()}</a></p>
        <h1>Proof of event {proof.Event.Place.Version}</h1>
        <p>{Wording.Sentence(proof.Event.Facts)} Recorded {proof.Event.Place.RecordedAt.Exact()} UTC at position {proof.Event.Place.Position} of {file.Caller.Tenant.ToString()}’s log.</p>
        <ol class="checks" aria-label="Checks" aria-live="polite">
        {Check("leaf", "The entry is this event’s, and its leaf is the one the history names.", proof.FindEntryFault())}
        {(proof.Entry.Salt is null ? Unknown("facts", "The facts were purged; the commitment to them remains.") : Check("facts", "The facts shown are those that the entry commits to.", proof.FindFactsFault()))}
        {(proof.Signed is null ? Unknown("root", "No checkpoint covers this event yet. There is one within a moment; load the page again.") : Check("root", $"The entry is in the tree of {proof.Signed.Head.Size:N0} entries that the checkpoint names.", proof.FindPathFault()))}
        {(proof.Signed is null ? Html.Empty : Check("signature", "The log signed this checkpoint.", proof.FindSignatureFault()))}
        </ol>
        <section aria-labelledby="entry"><h2 id="entry">The entry, field by field</h2>{Fields(proof)}</section>
        {(proof.Entry.Salt is null ? Html.Empty : Facts(proof, proof.Entry.Salt))}
        {(proof.Signed is null ? Html.Empty : Above(proof))}
        <div id="proof" data-proof="{proof.ToJson()}" hidden></div>
        """, file.Caller);

    private static Html Check(string id, string claim, string? fault) => $"""
        <li id="{id}" class="{(fault is null ? "good" : "bad")}"><div><strong>{claim}</strong> <span class="note">{(fault is null ? "Verified by the server." : $"The server finds: {fault}")}</span> <span class="by note"></span></div></li>
        """;

    private static Html Unknown(string id, string words) => $"""<li id="{id}" class="unknown"><div><strong>{words}</strong> <span class="by note"></span></div></li>""";

    private static Html Fields(EventProof proof)
    {
        Html bytes = $"""<pre id="entry-bytes" tabindex="0">{Convert.ToHexStringLower(proof.Entry.Bytes)}</pre>""";
        if (!Entry.TryDecode(proof.Entry.Bytes, out var entry, out _)) return bytes;
        return $"""
            <dl>
            <dt>Leaf</dt><dd class="hash" id="leaf-hash">{proof.Leaf.ToString()}</dd>
            <dt>Type</dt><dd>{(byte)entry.Type}, {Named(entry.Type)}</dd>
            <dt>Stream</dt><dd class="id">{entry.Stream.ToString()}</dd>
            <dt>Version</dt><dd>{entry.Version}</dd>
            <dt>Recorded</dt><dd>{entry.RecordedMs} ms, which is {DateTimeOffset.FromUnixTimeMilliseconds(entry.RecordedMs).Exact()} UTC</dd>
            <dt>Previous leaf</dt><dd class="hash">{(entry.Previous.IsZero ? "none: the first of its stream" : entry.Previous.ToString())}</dd>
            <dt>Key</dt><dd class="id">{(entry.KeyId == Guid.Empty ? "none" : entry.KeyId.ToString())}</dd>
            <dt>Facts</dt><dd class="hash">{entry.Facts.ToString()}</dd>
            <dt>Sealed part</dt><dd class="hash">{(entry.SealedHash.IsZero ? "nothing was sealed" : entry.SealedHash.ToString())}</dd>
            {(entry.SealedHash.IsZero ? Html.Empty : (Html)$"""<dt>Sealed text</dt><dd class="hash">{entry.SealedCommit.ToString()}</dd>""")}
            </dl>
            <details><summary>{proof.Entry.Bytes.Length} bytes</summary>{bytes}</details>
            """;
    }

    private static Html Facts(EventProof proof, byte[] salt) => $"""
        <section aria-labelledby="facts-told"><h2 id="facts-told">The facts, as they are hashed</h2>
        <pre id="canonical" tabindex="0">{proof.CanonicalFacts()}</pre>
        <dl><dt>Salt</dt><dd class="hash" id="salt">{Convert.ToHexStringLower(salt)}</dd></dl></section>
        """;

    private static Html Above(EventProof proof) => $"""
        <section aria-labelledby="path"><h2 id="path">From the leaf to the root</h2>
        <ol class="path"><li><span>leaf {proof.Event.Place.Position}</span><span class="hash">{proof.Leaf.ToString()}</span></li>{proof.Path.Select((hash, i) => (Html)$"""<li><span>beside {i + 1}</span><span class="hash beside">{hash.ToString()}</span></li>""")}<li><span>root</span><span class="hash">{proof.Signed!.Head.Root.ToString()}</span></li></ol></section>
        <section aria-labelledby="checkpoint"><h2 id="checkpoint">The checkpoint</h2>
        <pre id="note" tabindex="0">{Encoding.UTF8.GetString(proof.Signed.Note)}</pre>
        <p class="note">The log’s key: <code class="id">{proof.Key.ToString()}</code>. Whoever holds another checkpoint of this log can compare the two with <code>ledger verify --since</code>.</p></section>
        """;

    private static string Named(EntryType type) => type switch
    {
        EntryType.Event => "event",
        EntryType.KeyCreated => "key created",
        EntryType.ErasureRequested => "erasure requested",
        EntryType.KeyDestroyed => "key destroyed",
        EntryType.ContentsPurged => "contents purged",
        _ => "configuration",
    };
}
