using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConsentLedger.Consent;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.EventStore;
using ConsentLedger.Ledger;
using ConsentLedger.Vault;

namespace ConsentLedger.Auditor.Tests.Logs;

/// <summary>A log as the product writes it: commands through the loop that decides, sealed parts under a key for each person, and two of them erased.</summary>
internal sealed record RealLog(SignedLog Log, IReadOnlyDictionary<Guid, Person> People, IReadOnlyDictionary<long, byte[]> Envelopes)
{
    private static readonly TenantId Tenant = TenantId.Parse("quintus");

    /// <param name="people">Each has about four events. The second and the third are erased.</param>
    /// <param name="handedOver">Recorded before they are, where the tenant is handed over.</param>
    public static async Task<RealLog> WriteAsync(int people, TenantHandedOver? handedOver = null)
    {
        using var engine = new MemoryEngine();
        var clock = new SteppingClock();
        var all = Enumerable.Range(0, people).Select(_ => new Person(Guid.CreateVersion7(clock.GetUtcNow()), Guid.CreateVersion7(clock.GetUtcNow()), RandomNumberGenerator.GetBytes(Sealing.KeyLength))).ToList();
        await using (var loop = new DeciderLoop(engine, ConsentCatalog.Events, clock))
        {
            for (var round = 0; round < 3; round++)
                foreach (var (person, i) in all.Select((p, i) => (p, i)))
                    await loop.ExecuteAsync(person.Does(Tenant, round switch
                    {
                        0 => new NewEvent(Granted(clock.GetUtcNow()), Encoding.UTF8.GetBytes($$"""{"email":"person{{i}}@example.com","shown":"Ja, ich will – {{i}}"}""")),
                        1 => new NewEvent(new HistoryRead("auditor", null, null, Disclosed: false)),
                        _ => new NewEvent(new ConsentWithdrawn(new Lane("newsletter", "email", "controller"), "1", clock.GetUtcNow(), Actor.Subject, Token.Parse("one-click"), null, "unsubscribed", Guid.CreateVersion7(clock.GetUtcNow()))),
                    }), default);
            if (handedOver is not null) await loop.ExecuteAsync(new Command(HandOvers.Of(Tenant), HandOvers.Stream, null, default, _ => Decision.Of(handedOver)), default);
            foreach (var person in all.Skip(1).Take(2)) await loop.ExecuteAsync(person.Does(Tenant, new NewEvent(new ErasureStarted(person.Id))), default);
            foreach (var person in all) await loop.ExecuteAsync(person.Does(Tenant, new NewEvent(new HistoryRead("auditor", null, null, Disclosed: true))), default);
            foreach (var person in all.Skip(1).Take(2)) await loop.ExecuteAsync(person.Does(Tenant, new NewEvent(new SubjectErased(person.Id), KeyId: person.KeyId)), default);
        }

        var events = await engine.ReadFromAsync(Tenant, 0, int.MaxValue, default);
        var entries = await engine.ReadEntriesAsync(Tenant, 0, int.MaxValue, default);
        var envelopes = new Dictionary<long, byte[]>();
        foreach (var person in all)
        {
            var places = events.Where(e => e.Stream.Id.Value == person.Id).ToDictionary(e => e.Place.Version, e => e.Place.Position);
            foreach (var (version, envelope) in await engine.ReadSealedAsync(new StreamKey(Tenant, new StreamId(person.Id)), default)) envelopes.Add(places[version], envelope);
        }

        var facts = events.Zip(entries).Select(e => FactsOf(e.First.Place.Position, e.First.Type, e.Second.Salt!, e.First.Data.Span)).ToList();
        return new RealLog(new SignedLog(SignedLog.NewKey(), [.. entries.Select(e => e.Bytes)], facts), all.ToDictionary(p => p.Id), envelopes);
    }

    public static string FactsOf(long position, string type, byte[] salt, ReadOnlySpan<byte> data) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"position":{{position}},"type":"{{type}}","salt":"{{Convert.ToBase64String(salt)}}","data":{{Encoding.UTF8.GetString(data)}}}""");

    /// <summary>One person's bundle, with everything disclosed that still can be.</summary>
    public Dictionary<string, object?> BundleOf(Guid person)
    {
        var size = Log.Entries.Count;
        var entries = Log.Entries.Select((bytes, position) => (Position: (long)position, Bytes: bytes, Entry: Decode(bytes))).Where(e => e.Entry.Stream == person).Select(e =>
        {
            var facts = JsonDocument.Parse(Log.Facts![(int)e.Position]).RootElement;
            var told = new Dictionary<string, object?>
            {
                ["position"] = e.Position,
                ["entry"] = Convert.ToBase64String(e.Bytes),
                ["proof"] = InclusionProof.Prove(e.Position, size, Node).Select(h => h.ToBase64()).ToList(),
                ["type"] = facts.GetProperty("type").GetString(),
                ["salt"] = facts.GetProperty("salt").GetString(),
                ["data"] = facts.GetProperty("data"),
            };
            if (Envelopes.TryGetValue(e.Position, out var envelope))
            {
                var okm = People[person].KeysOf(e.Entry, envelope);
                told["envelope"] = Convert.ToBase64String(envelope);
                told["okm"] = Convert.ToBase64String(okm);
                told["evidence"] = JsonDocument.Parse(Sealing.OpenDisclosed(
                    okm, new SealedPlace(e.Entry.Type, new StreamId(person), e.Entry.Version, e.Entry.KeyId), new SealedPart(envelope, e.Entry.SealedCommit.Bytes.ToArray()))).RootElement;
            }

            return told;
        }).ToList();
        return new()
        {
            ["format"] = "consentledger-subject/1",
            ["origin"] = SignedLog.Origin,
            ["subject"] = person,
            ["checkpoint"] = Encoding.UTF8.GetString(Log.Checkpoint.ToBytes()),
            ["entries"] = entries,
        };
    }

    public static Entry Decode(byte[] bytes) => Entry.TryDecode(bytes, out var entry, out var fault) ? entry : throw new InvalidOperationException(fault.Reason);

    private Hash Node(int height, long index) => height == 0 ? TreeHash.Leaf(Log.Entries[(int)index]) : TreeHash.Node(Node(height - 1, 2 * index), Node(height - 1, (2 * index) + 1));

    private static ConsentGranted Granted(DateTimeOffset at) =>
        new(new Lane("newsletter", "email", "controller"), "1", at, Actor.Subject, Token.Parse("web-form"), Token.Parse("shop"), Token.Parse("DE"), new TextShown(Token.Parse("newsletter-v1"), Token.Parse("de")), InForce: true);
}

/// <param name="Id">Of their stream.</param>
internal sealed record Person(Guid Id, Guid KeyId, byte[] Key)
{
    public Command Does(TenantId tenant, NewEvent what) => new(
        new StreamKey(tenant, new StreamId(Id)), SubjectConsents.Stream, null, default, _ => new Decision.Record([what]))
    {
        Seal = (stream, version, personal) =>
        {
            var part = Sealing.Seal(Key, new SealedPlace(EntryType.Event, stream.Id, version, KeyId), personal);
            return new Sealed(KeyId, part.Envelope, Hash.Of(part.Commitment));
        },
    };

    /// <summary>As DESIGN has it, written anew: HKDF-SHA256(key, the envelope's salt, "cl/v1/event"|stream|version|key id).</summary>
    public byte[] KeysOf(in Entry entry, byte[] envelope)
    {
        byte[] context = [.. "cl/v1/event"u8, .. entry.Stream.ToByteArray(bigEndian: true), .. BitConverter.GetBytes(entry.Version).Reverse(), .. KeyId.ToByteArray(bigEndian: true)];
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, Key, 64, envelope[1..33], context);
    }
}

/// <summary>A second passes whenever somebody looks.</summary>
internal sealed class SteppingClock : TimeProvider
{
    private long _seconds = 1_780_000_000;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Interlocked.Increment(ref _seconds));
}
