using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Npgsql;

namespace ConsentLedger.Vault;

/// <summary>
/// Brings whatever is wrapped from under earlier KEKs under the present one, so that an earlier one can be destroyed, and with it every backup of the vault that lies under it.
/// What is done is done row by row: killed, it goes on where it was, and two replicas at it at once only do each other's work.
/// </summary>
public sealed class KeyRewrapping
{
    private const int PageSize = 500;

    // A vault that serves no address index has only the first.
    private static readonly string[] Tables = ["subject_keys", "subject_addresses", "address_index_key"];

    private readonly IReadOnlyList<WrappedColumn> _columns;
    private readonly IKekProvider _kek;
    private volatile Rewrapping? _last;

    public KeyRewrapping(NpgsqlDataSource vault, IKekProvider kek, IMeterFactory? meters = null)
    {
        (_columns, _kek) = ([.. Tables.Select(table => new WrappedColumn(vault, table))], kek);
        var meter = meters?.Create(VaultMetrics.Name) ?? new Meter(VaultMetrics.Name);
        meter.CreateObservableGauge("consentledger.vault.keys_under_earlier_keks", Observe, "{key}", "Living keys that lie under another KEK than the present one: an earlier one, or one that is missing.");
    }

    /// <summary>One pass over all of them.</summary>
    /// <exception cref="VaultUnavailableException">The vault or the holder of its KEKs cannot be asked. What was done until then stays.</exception>
    public async Task<Rewrapping> RunAsync(CancellationToken ct)
    {
        var epochs = await _kek.ReadEpochsAsync(ct);
        var columns = new List<WrappedColumn>();
        foreach (var column in _columns)
            if (await column.IsThereAsync(ct)) columns.Add(column);
        var moved = 0;
        foreach (var (column, earlier) in columns.SelectMany(_ => epochs.Earlier, (column, earlier) => (column, earlier)))
        {
            IReadOnlyList<WrappedKey> page = [];
            do
            {
                page = await column.FindAsync(earlier.Epoch, page is [.., var last] ? last.Bytes : [], PageSize, ct);
                if (page.Count > 0) moved += await column.ReplaceAsync(earlier.Epoch, await WrapAgainAsync(page, ct), ct);
            }
            while (page.Count > 0);
        }

        var left = new Dictionary<Guid, long>();
        foreach (var column in columns)
            foreach (var (epoch, count) in await column.CountUnderOthersAsync(epochs.Present.Epoch, ct)) left[epoch] = left.GetValueOrDefault(epoch) + count;
        return _last = new Rewrapping(epochs, moved, left);
    }

    private async Task<IReadOnlyCollection<(byte[], WrappedKey)>> WrapAgainAsync(IReadOnlyList<WrappedKey> page, CancellationToken ct)
    {
        var again = new List<(byte[], WrappedKey)>(page.Count);
        foreach (var old in page)
        {
            byte[] bound;
            try
            {
                bound = await _kek.UnwrapAsync(old, ct);
            }
            catch (VaultUnavailableException)
            {
                // A damaged one must not stop the others. It stays where it is and is counted there, so nobody is told that its KEK may go.
                continue;
            }

            try
            {
                again.Add((old.Bytes, await _kek.WrapAsync(bound, ct)));
            }
            finally
            {
                CryptographicOperations.ZeroMemory(bound);
            }
        }

        return again;
    }

    private IEnumerable<Measurement<long>> Observe()
    {
        if (_last is not { } last) yield break;
        foreach (var earlier in last.Epochs.Earlier)
            yield return new Measurement<long>(last.Left.GetValueOrDefault(earlier.Epoch), new("epoch", earlier.Epoch.ToString()), new("kek", "earlier"));
        foreach (var (epoch, keys) in last.Missing) yield return new Measurement<long>(keys, new("epoch", epoch.ToString()), new("kek", "missing"));
    }
}

/// <summary>How one pass ended.</summary>
/// <param name="Moved">Keys brought under the present KEK.</param>
/// <param name="Left">Keys still under others, by epoch.</param>
public sealed record Rewrapping(KekEpochs Epochs, int Moved, IReadOnlyDictionary<Guid, long> Left)
{
    /// <summary>Earlier KEKs under which nothing lies any more.</summary>
    public IEnumerable<KekEpoch> Spent => Epochs.Earlier.Where(e => !Left.ContainsKey(e.Epoch));

    /// <summary>Keys that nothing here opens, by the epoch of the KEK that would.</summary>
    public IEnumerable<KeyValuePair<Guid, long>> Missing => Left.Where(left => Epochs.Earlier.All(e => e.Epoch != left.Key));
}
