using System.Security.Cryptography;
using System.Text.Json;

namespace ConsentLedger.Ledger.Tests;

/// <summary>The proofs of transparency-dev/merkle: 98 for inclusion and 98 for consistency, 92 of each to be refused.</summary>
public sealed class MerkleVectorTests
{
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    public static IEnumerable<object[]> Inclusion => Vectors.Below("merkle/inclusion");

    public static IEnumerable<object[]> Consistency => Vectors.Below("merkle/consistency");

    [VectorTheory, MemberData(nameof(Inclusion))]
    public void Inclusion_is_judged_as_others_judge_it(string file)
    {
        var vector = Read<InclusionVector>(file);
        var holds = TryHash(vector.Root, out var root) && TryHash(vector.LeafHash, out var leaf) && TryHashes(vector.Proof, out var proof)
            && InclusionProof.Verify(leaf, unchecked((long)vector.LeafIdx), unchecked((long)vector.TreeSize), root, proof, out _);
        holds.ShouldBe(!vector.WantErr, vector.Desc);
    }

    [VectorTheory, MemberData(nameof(Consistency))]
    public void Consistency_is_judged_as_others_judge_it(string file)
    {
        var vector = Read<ConsistencyVector>(file);
        var holds = TryHashes(vector.Proof, out var proof)
            && ConsistencyProof.Verify(unchecked((long)vector.Size1), RootOrWord(vector.Root1), unchecked((long)vector.Size2), RootOrWord(vector.Root2), proof, out _);
        holds.ShouldBe(!vector.WantErr, vector.Desc);
    }

    [VectorTheory, InlineData("merkle/inclusion"), InlineData("merkle/consistency")]
    public void All_vectors_are_there(string folder) => Vectors.Below(folder).Count().ShouldBeGreaterThanOrEqualTo(98);

    private static T Read<T>(string file) => JsonSerializer.Deserialize<T>(File.ReadAllText(Path.Combine(Vectors.Folder!, file)), Web)!;

    // Where the roots need only be equal or not, some vectors have words in their place.
    private static Hash RootOrWord(byte[]? bytes) => TryHash(bytes, out var hash) ? hash : Hash.Of(SHA256.HashData(bytes ?? []));

    // What is not 32 bytes is no hash, and refused before any arithmetic.
    private static bool TryHash(byte[]? bytes, out Hash hash)
    {
        hash = bytes is { Length: Hash.Length } ? Hash.Of(bytes) : default;
        return bytes is { Length: Hash.Length };
    }

    private static bool TryHashes(byte[][]? all, out Hash[] hashes)
    {
        hashes = (all ?? []).Where(h => h.Length == Hash.Length).Select(h => Hash.Of(h)).ToArray();
        return hashes.Length == (all ?? []).Length;
    }

    private sealed record InclusionVector(ulong LeafIdx, ulong TreeSize, byte[]? Root, byte[]? LeafHash, byte[][]? Proof, string Desc, bool WantErr);

    private sealed record ConsistencyVector(ulong Size1, ulong Size2, byte[]? Root1, byte[]? Root2, byte[][]? Proof, string Desc, bool WantErr);
}
