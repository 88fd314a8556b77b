using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ConsentLedger.Ledger;

/// <summary>One signature line of a note, believed or not: <c>— name base64(id u32 | signature)</c>.</summary>
public sealed record NoteSignature(string Name, uint KeyId, ReadOnlyMemory<byte> Bytes)
{
    private static ReadOnlySpan<byte> Dash => "— "u8;

    /// <param name="line">Without its newline; valid UTF-8.</param>
    internal static bool TryParse(ReadOnlySpan<byte> line, [NotNullWhen(true)] out NoteSignature? signature)
    {
        signature = null;
        if (!line.StartsWith(Dash) || line.LastIndexOf((byte)' ') is var space && space < Dash.Length) return false;
        var name = Encoding.UTF8.GetString(line[Dash.Length..space]);
        if (!KeyName.IsValid(name) || StrictBase64.Decode(line[(space + 1)..]) is not { Length: > sizeof(uint) } bytes) return false;
        signature = new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes.AsMemory(sizeof(uint)));
        return true;
    }

    /// <summary>The line with its newline.</summary>
    public override string ToString()
    {
        var bytes = new byte[sizeof(uint) + Bytes.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        Bytes.Span.CopyTo(bytes.AsSpan(sizeof(uint)));
        return $"— {Name} {Convert.ToBase64String(bytes)}\n";
    }

    internal bool IsBy(VerifierKey key) => KeyId == key.Id && Name == key.Name;
}
