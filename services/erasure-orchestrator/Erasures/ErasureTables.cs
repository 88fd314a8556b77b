using ConsentLedger.EventStore.Npgsql;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>
/// The two questions that a stream per person cannot answer: whose request is this, and which tasks wait for an answer. Both tables are
/// written with the events they come from, and could be made from them again.
/// </summary>
public sealed class ErasureTables : IInlineProjection
{
    public string Schema => """
        create table if not exists erasure_requests (
            tenant_id text not null,
            request   uuid not null,
            subject   uuid not null,
            primary key (tenant_id, request)
        );
        create table if not exists open_erasure_tasks (
            tenant_id     text        not null,
            subject       uuid        not null,
            system        text        not null,
            request       uuid        not null,
            attempt       int         not null,
            dispatched_at timestamptz not null,
            primary key (tenant_id, subject, system)
        );
        """;

    public void Project(Batch batch, NpgsqlBatch sql)
    {
        var requests = batch.Events.Where(e => e.Facts is ErasureRequested).Select(e => (((ErasureRequested)e.Facts).Request, Subject: e.Event.Stream.Id.Value)).ToList();
        if (requests.Count > 0)
        {
            Add(sql, "insert into erasure_requests (tenant_id, request, subject) select $1, r, s from unnest($2, $3) as t (r, s)",
                Tenant(batch), Array(requests.Select(r => r.Request), NpgsqlDbType.Uuid), Array(requests.Select(r => r.Subject), NpgsqlDbType.Uuid));
        }

        // A batch may hold a task's beginning and its end. Where its streams have got to is all that counts.
        var changed = batch.Streams.Where(s => s.State is SubjectErasure { Request: not null }).Select(s => (Subject: s.Stream.Id.Value, ((SubjectErasure)s.State).Request!)).ToList();
        var open = changed.SelectMany(c => c.Item2.Tasks.Where(t => t.Value.IsOpen).Select(t => (c.Subject, Request: c.Item2.Id, System: t.Key, Task: t.Value))).ToList();
        Add(sql, "delete from open_erasure_tasks where tenant_id = $1 and subject = any($2)", Tenant(batch), Array(changed.Select(c => c.Subject), NpgsqlDbType.Uuid));
        Add(sql, """
            insert into open_erasure_tasks (tenant_id, subject, system, request, attempt, dispatched_at)
            select $1, s, y, r, a, d from unnest($2, $3, $4, $5, $6) as t (s, y, r, a, d)
            """,
            Tenant(batch),
            Array(open.Select(t => t.Subject), NpgsqlDbType.Uuid),
            Array(open.Select(t => t.System), NpgsqlDbType.Text),
            Array(open.Select(t => t.Request), NpgsqlDbType.Uuid),
            Array(open.Select(t => t.Task.Attempts), NpgsqlDbType.Integer),
            Array(open.Select(t => t.Task.DispatchedAt), NpgsqlDbType.TimestampTz));
    }

    private static NpgsqlParameter<string> Tenant(Batch batch) => new() { TypedValue = batch.Tenant.ToString() };

    private static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };

    private static void Add(NpgsqlBatch batch, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }
}
