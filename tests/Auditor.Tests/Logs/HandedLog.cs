using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ConsentLedger.Auditor.HandingOver;
using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.HandingOver;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Tests.Logs;

/// <summary>A log that was handed over, and what opens it as an old operator makes it: honestly, or after they changed something. The wrapping is as the document has it, written anew.</summary>
internal sealed class HandedLog
{
    public const string Word = "new-owner";

    /// <summary>Shorter than a service takes it, which only makes tests quick.</summary>
    public static readonly RSA Successor = RSA.Create(2048);

    private readonly byte[] _transport = RandomNumberGenerator.GetBytes(32);

    private HandedLog(RealLog real, long position, long size)
    {
        Real = real;
        var living = real.People.Values.Where(p => !Fences.Any(f => f.Person == p.Id && f.Position < size)).ToList();
        Head = new HandOverHead(
            HandOverFile.Format, SignedLog.Origin, "quintus", Word, position, Encoding.UTF8.GetString(real.Log.First((int)size).Checkpoint.ToBytes()), HandOverAlgorithms.Known,
            Successor.Encrypt(_transport, RSAEncryptionPadding.OaepSHA256));
        Keys = [.. living.OrderBy(p => p.Id).Select(p => KeyOf(p.Id, p.KeyId, p.Key))];
        Envelopes = [.. real.Envelopes.OrderBy(e => e.Key).Where(e => living.Any(p => p.Id == StreamOf(e.Key))).Select(e => new HandedOverEnvelope(e.Key, e.Value))];
        Size = real.Log.Entries.Count;
    }

    public RealLog Real { get; }

    public HandOverHead Head { get; set; }

    public List<HandedOverKey> Keys { get; }

    public List<HandedOverEnvelope> Envelopes { get; }

    /// <summary>Of the log at the end, as the end says.</summary>
    public long Size { get; set; }

    /// <summary>One more or less than there are.</summary>
    public int Miscounted { get; set; }

    public IEnumerable<(Guid Person, long Position)> Fences =>
        Real.Log.Entries.Select((bytes, i) => (Entry: RealLog.Decode(bytes), Position: (long)i)).Where(e => e.Entry.Type == EntryType.ErasureRequested).Select(e => (e.Entry.Stream, e.Position));

    public IReadOnlyList<Person> Erased => [.. Fences.Select(f => Real.People[f.Person])];

    /// <param name="before">Whether the checkpoint is from before the two erasures.</param>
    public static async Task<HandedLog> MakeAsync(int people, bool before = false)
    {
        var real = await RealLog.WriteAsync(people, new TenantHandedOver(Token.Parse(Word), SuccessorKey.HashOf(Successor)));
        var position = real.Log.Entries.ToList().FindIndex(e => RealLog.Decode(e).Type == EntryType.Configuration);
        return new HandedLog(real, position, before ? position + 1 : real.Log.Entries.Count);
    }

    public Guid StreamOf(long position) => RealLog.Decode(Real.Log.Entries[(int)position]).Stream;

    public HandedOverKey KeyOf(Guid subject, Guid keyId, byte[] key, string tenant = "quintus")
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, tenant.Length);
        byte[] whose = [.. "cl/v1/dek"u8, .. length, .. Encoding.UTF8.GetBytes(tenant), .. subject.ToByteArray(bigEndian: true), .. keyId.ToByteArray(bigEndian: true)];
        using var aes = Aes.Create();
        aes.SetKey(_transport);
        return new HandedOverKey(subject, keyId, aes.EncryptKeyWrapPadded([.. key, .. SHA256.HashData(whose)]));
    }

    public byte[] ToBytes()
    {
        byte[] lines =
        [
            .. HandOverFile.ToLine(Head), .. Keys.SelectMany(HandOverFile.ToLine), .. Envelopes.SelectMany(HandOverFile.ToLine),
            .. HandOverFile.ToLine(new HandOverEnd(Keys.Count + Miscounted, Envelopes.Count, Size)),
        ];
        var mac = HMACSHA256.HashData(HKDF.DeriveKey(HashAlgorithmName.SHA256, _transport, 32, salt: [], "cl/v1/hand-over"u8.ToArray()), lines);
        return [.. lines, .. HandOverFile.ToLine(new HandOverSeal(mac))];
    }

    public string WriteTo(string folder)
    {
        Real.Log.WriteTo(Path.Combine(folder, HandOverCommand.Log));
        File.WriteAllBytes(Path.Combine(folder, HandOverCommand.File), ToBytes());
        return folder;
    }
}
