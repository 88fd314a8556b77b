using System.Data;
using System.Runtime.CompilerServices;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.MarketingPreference.Bulk;
using ConsentLedger.MarketingPreference.Preferences;
using Npgsql;

namespace ConsentLedger.MarketingPreference.Snapshot;

/// <summary>
/// Everything this service knows of one tenant, as of one position: the events of every stream in order, folded one stream at a time by the function that answers every
/// other question. Nothing is kept beside the log, so a snapshot never lags, and there is never more than one stream in memory.
/// </summary>
public sealed class StateAsOf(NpgsqlDataSource ledger, EventCatalog catalog)
{
    private readonly TenantTurns _turns = new(ofOneTenant: 2, ofAll: 4);

    /// <returns>Held while a snapshot is read; null where others are reading theirs.</returns>
    public IDisposable? TryTakeTurn(TenantId tenant) => _turns.TryTake(tenant);

    /// <param name="start">Hears the position of the last event that is in, -1 where there is none, before the first stream comes.</param>
    /// <returns>The events of one stream each.</returns>
    public async IAsyncEnumerable<Told> ReadAsync(TenantId tenant, Action<long> start, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var connection = await Outages.Typed(() => ledger.OpenConnectionAsync(ct).AsTask());
        await using var transaction = await Outages.Typed(() => connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct).AsTask());
        await using var sql = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                // The index has them in order. A sort would write a copy of the whole log to disk before the first row comes.
                new("set local enable_sort = off"),
                new("select next_position from ledger_head where tenant_id = $1") { Parameters = { new() { Value = tenant.ToString() } } },
                new("select stream_id, version, type, data, timestamp, (headers ->> 'position')::bigint from mt_events where tenant_id = $1 order by stream_id, version")
                {
                    Parameters = { new() { Value = tenant.ToString() } },
                },
            },
        };
        await using var rows = await Outages.Typed(() => sql.ExecuteReaderAsync(ct));
        start(await Outages.Typed(() => rows.ReadAsync(ct)) ? rows.GetInt64(0) - 1 : -1);
        await Outages.Typed(() => rows.NextResultAsync(ct));

        var stream = new List<StoredEvent>();
        while (await Outages.Typed(() => rows.ReadAsync(ct)))
        {
            var id = new StreamId(Guid.Parse(rows.GetString(0)));
            if (stream.Count > 0 && stream[^1].Stream.Id != id)
            {
                if (Tell(stream) is { } told) yield return told;
                stream.Clear();
            }

            var place = new EventPlace(rows.GetInt64(5), rows.GetInt64(1), rows.GetFieldValue<DateTimeOffset>(4));
            stream.Add(new StoredEvent(new StreamKey(tenant, id), place, Guid.Empty, rows.GetString(2), rows.GetFieldValue<byte[]>(3), TraceParent: null));
        }

        if (stream.Count > 0 && Tell(stream) is { } last) yield return last;
    }

    /// <summary>What outsiders hear of a stream; null for what concerns nobody outside, and for a person who was erased: of them nothing follows any more.</summary>
    private Told? Tell(List<StoredEvent> stream)
    {
        if (!StreamId.TryParse(stream[0].Stream.Id.ToString(), out var id)) return ToldAddress.Of(stream, catalog);
        var state = SubjectPreferences.Stream.Replay(stream, catalog);
        return state.IsErased ? null : ToldSubject.Of(id, stream[^1].Place.Version, state);
    }
}
