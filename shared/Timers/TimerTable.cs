using ConsentLedger.EventStore;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.Timers;

/// <summary>
/// When each stream next has something due: one row for a stream that has, none for the others, written with the events that set it. A row only says
/// where to look; what is due is what the stream's state says.
/// </summary>
public sealed class TimerTable(params IReadOnlyList<TimedStream> kinds) : IInlineProjection
{
    private readonly Dictionary<StreamType, TimedStream> _kinds = kinds.ToDictionary(k => k.Type);

    internal IReadOnlyList<TimedStream> Kinds => kinds;

    public string Schema => """
        create table if not exists stream_timers (
            tenant_id text        not null,
            stream_id uuid        not null,
            kind      text        not null,
            due_at    timestamptz not null,
            look_at   timestamptz not null, -- as due_at, or later where firing it failed
            version   bigint      not null, -- of the stream when this was written
            primary key (tenant_id, stream_id)
        ) with (fillfactor = 80);
        create index if not exists stream_timers_look on stream_timers (tenant_id, look_at);

        -- By which rule the rows of a kind were made, and how far the streams have been gone through that were there before it.
        create table if not exists timer_rules (
            kind      text    not null primary key,
            rule      int     not null,
            tenant_id text    not null,
            stream_id text    not null,
            done      boolean not null
        );
        """;

    /// <summary>Writes only for streams whose next moment is another one after the batch than before it.</summary>
    public void Project(Batch batch, NpgsqlBatch sql)
    {
        List<Guid>? ended = null;
        List<(StreamChange Change, DateTimeOffset DueAt)>? set = null;
        foreach (var change in batch.Streams)
        {
            if (!_kinds.TryGetValue(change.Type, out var kind)) continue;
            var next = kind.NextOf(change.State);
            if (next == kind.NextOf(change.Before)) continue;
            if (next is { } dueAt) (set ??= []).Add((change, dueAt));
            else (ended ??= []).Add(change.Stream.Id.Value);
        }

        if (ended is not null) Add(batch, sql, "delete from stream_timers where tenant_id = $1 and stream_id = any($2)", Array(ended, NpgsqlDbType.Uuid));
        if (set is not null)
        {
            Add(batch, sql, """
                insert into stream_timers (tenant_id, stream_id, kind, due_at, look_at, version)
                select $1, s, k, d, d, v from unnest($2, $3, $4, $5) as t (s, k, d, v)
                on conflict (tenant_id, stream_id) do update set kind = excluded.kind, due_at = excluded.due_at, look_at = excluded.look_at, version = excluded.version
                """,
                Array(set.Select(s => s.Change.Stream.Id.Value), NpgsqlDbType.Uuid),
                Array(set.Select(s => s.Change.Type.Name), NpgsqlDbType.Text),
                Array(set.Select(s => s.DueAt), NpgsqlDbType.TimestampTz),
                Array(set.Select(s => s.Change.ToVersion), NpgsqlDbType.Bigint));
        }
    }

    private static void Add(Batch batch, NpgsqlBatch sql, string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text) { Parameters = { new() { Value = batch.Tenant.ToString() } } };
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        sql.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };
}
