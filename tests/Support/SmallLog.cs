using System.Globalization;
using System.Text;
using ConsentLedger.Ledger;

namespace ConsentLedger.Support;

/// <summary>A log without a service: leaves that are made up, and its key. What a witness is shown is all the same to it.</summary>
public sealed class SmallLog : IDisposable
{
    private readonly Hash[] _leaves;

    public SmallLog(string origin, int length = 1000)
        : this(SigningKey.Generate(origin, SignatureType.Ed25519), LeavesOf("told to one", length)) { }

    private SmallLog(SigningKey key, Hash[] leaves) => (Key, _leaves) = (key, leaves);

    public SigningKey Key { get; }

    public string Origin => Key.Verifier.Name;

    /// <summary>The same log as it tells it to somebody else: another tree from this leaf on, under the same key.</summary>
    public SmallLog ToldOtherwise(int from) => new(Key, [.. _leaves[..from], .. LeavesOf("told to another", _leaves.Length)[from..]]);

    public Checkpoint Head(int size) => new(Origin, size, Frontier.Empty.Append(_leaves.AsMemory(0, size)).Root);

    public Note CheckpointOf(int size) => Head(size).Sign(Key);

    public Hash[] Prove(long from, long to) => from == 0 || from == to ? [] : ConsistencyProof.Prove(from, to, Node);

    /// <summary>What this log sends to a witness that knows <paramref name="from"/> leaves.</summary>
    public AddCheckpoint Request(int from, int to) => new(from, Prove(from, to), CheckpointOf(to));

    public void Dispose() => Key.Dispose();

    private static Hash[] LeavesOf(string story, int length) =>
        [.. Enumerable.Range(0, length).Select(i => TreeHash.Leaf(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{story} {i}"))))];

    private Hash Node(int height, long index) => height == 0 ? _leaves[index] : TreeHash.Node(Node(height - 1, 2 * index), Node(height - 1, (2 * index) + 1));
}
