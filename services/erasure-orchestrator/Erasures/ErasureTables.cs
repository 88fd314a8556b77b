using System.Text.Json;
using ConsentLedger.EventStore.Npgsql;
using Npgsql;
using NpgsqlTypes;

namespace ConsentLedger.ErasureOrchestrator.Erasures;

/// <summary>
/// The questions that a stream per person cannot answer: whose request is this, how do all of them stand, what is there to do, whom does a hold cover. Every table
/// is written with the events it comes from, and could be made from them again.
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
        alter table erasure_requests
            add column if not exists type        text,
            add column if not exists state       text,
            add column if not exists waits_for   text,
            add column if not exists received_at timestamptz,
            add column if not exists due_on      date,
            add column if not exists lapses_at   timestamptz,
            add column if not exists extended    boolean,
            add column if not exists overdue     boolean,
            add column if not exists ended_at    timestamptz,
            add column if not exists outcome     text,
            add column if not exists sealed      boolean, -- how others know the person lies in the vault
            add column if not exists link_owed   boolean, -- the mail that asks who it is has still to go out
            add column if not exists certified   boolean; -- what its certificate states is recorded
        update erasure_requests set state = 'completed', certified = true where state = 'certified'; -- as a release before wrote it
        create index if not exists erasure_requests_uncertified on erasure_requests (tenant_id, request) where state = 'completed' and certified is not true;
        create index if not exists erasure_requests_due on erasure_requests (tenant_id, lapses_at) where ended_at is null;
        drop index if exists erasure_requests_todo;
        create index if not exists erasure_requests_owed on erasure_requests (tenant_id, request) where link_owed or (sealed and ended_at is not null);
        create index if not exists erasure_requests_ended on erasure_requests (tenant_id, ended_at desc) where ended_at is not null;
        create table if not exists open_request_tasks (
            tenant_id     text        not null,
            request       uuid        not null,
            system        text        not null,
            subject       uuid        not null,
            kind          text        not null,
            stage         text        not null,
            assignee      text,
            attempt       int         not null,
            received_at   timestamptz not null, -- of the request
            dispatched_at timestamptz,
            primary key (tenant_id, request, system)
        );
        create index if not exists open_request_tasks_subject on open_request_tasks (tenant_id, subject);
        create index if not exists open_request_tasks_calling on open_request_tasks (system, dispatched_at) where stage = 'calling';
        create table if not exists legal_holds (
            tenant_id text not null,
            hold      uuid not null,
            subject   uuid not null,
            primary key (tenant_id, hold, subject)
        );
        create index if not exists legal_holds_subject on legal_holds (tenant_id, subject);
        create table if not exists identity_links (
            link      text not null primary key,
            tenant_id text not null,
            subject   uuid not null,
            request   uuid not null
        );
        create index if not exists identity_links_subject on identity_links (tenant_id, subject);
        """;

    public void Project(Batch batch, NpgsqlBatch sql)
    {
        // A batch may hold a task's beginning and its end. Where its streams have got to is all that counts.
        var changed = batch.Streams.Where(s => s.State is SubjectRequests).Select(s => (Subject: s.Stream.Id.Value, Before: (SubjectRequests)s.Before, Now: (SubjectRequests)s.State)).ToList();
        if (changed.Count == 0) return;
        var tenant = batch.Tenant.ToString();
        AddRequests(sql, tenant, [.. changed.SelectMany(c => c.Now.All.Where(r => c.Before.Find(r.Id) != r).Select(r => (c.Subject, r)))]);
        AddTasks(sql, tenant, changed);
        AddHolds(sql, tenant, [.. changed.Where(c => c.Before.Holds != c.Now.Holds).Select(c => (c.Subject, c.Now))]);
        AddLinks(sql, tenant, [.. changed.Where(c => c.Before.All.Concat(c.Now.All).Any(r => !r.Links.IsEmpty)).Select(c => (c.Subject, c.Now))]);
    }

    private static void AddRequests(NpgsqlBatch sql, string tenant, IReadOnlyList<(Guid Subject, PersonRequest Request)> rows)
    {
        if (rows.Count == 0) return;
        Add(sql, """
            insert into erasure_requests (tenant_id, request, subject, type, state, waits_for, received_at, due_on, lapses_at, extended, overdue, ended_at, outcome, sealed, link_owed, certified)
            select $1, * from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            on conflict (tenant_id, request) do update set
                type = excluded.type, state = excluded.state, waits_for = excluded.waits_for, received_at = excluded.received_at, due_on = excluded.due_on, lapses_at = excluded.lapses_at,
                extended = excluded.extended, overdue = excluded.overdue, ended_at = excluded.ended_at, outcome = excluded.outcome, sealed = excluded.sealed, link_owed = excluded.link_owed,
                certified = excluded.certified
            """,
            tenant,
            Array(rows.Select(r => r.Request.Id), NpgsqlDbType.Uuid),
            Array(rows.Select(r => r.Subject), NpgsqlDbType.Uuid),
            Array(rows.Select(r => NameOf(r.Request.Type)), NpgsqlDbType.Text),
            Array(rows.Select(r => NameOf(r.Request.State)), NpgsqlDbType.Text),
            Array(rows.Select(r => r.Request.WaitsFor is { } waits ? NameOf(waits) : null), NpgsqlDbType.Text),
            Array(rows.Select(r => r.Request.ReceivedAt.ToUniversalTime()), NpgsqlDbType.TimestampTz),
            Array(rows.Select(r => r.Request.Deadline.DueOn), NpgsqlDbType.Date),
            Array(rows.Select(r => r.Request.Deadline.LapsesAt), NpgsqlDbType.TimestampTz),
            Array(rows.Select(r => r.Request.Extension is not null), NpgsqlDbType.Boolean),
            Array(rows.Select(r => r.Request.Overdue), NpgsqlDbType.Boolean),
            Array(rows.Select(r => r.Request.EndedAt?.ToUniversalTime()), NpgsqlDbType.TimestampTz),
            Array(rows.Select(r => r.Request.Outcome is { } outcome ? NameOf(outcome) : null), NpgsqlDbType.Text),
            Array(rows.Select(r => r.Request.HasIdentities), NpgsqlDbType.Boolean),
            Array(rows.Select(r => r.Request is { IsOpen: true, Identity: IdentityCheck.MailedLink, LinkMailed: false, Verified: null }), NpgsqlDbType.Boolean),
            Array(rows.Select(r => r.Request.Certificate is not null), NpgsqlDbType.Boolean));
    }

    private static void AddTasks(NpgsqlBatch sql, string tenant, IReadOnlyList<(Guid Subject, SubjectRequests Before, SubjectRequests Now)> changed)
    {
        var rows = changed.SelectMany(c => c.Now.All.Where(r => r.IsOpen).SelectMany(r => r.Tasks.Where(t => t.Value.IsOpen).Select(t => (c.Subject, Request: r, System: t.Key, Task: t.Value)))).ToList();
        Add(sql, "delete from open_request_tasks where tenant_id = $1 and subject = any($2)", tenant, Array(changed.Select(c => c.Subject), NpgsqlDbType.Uuid));
        if (rows.Count == 0) return;
        Add(sql, """
            insert into open_request_tasks (tenant_id, subject, request, system, kind, stage, assignee, attempt, received_at, dispatched_at)
            select $1, * from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            tenant,
            Array(rows.Select(t => t.Subject), NpgsqlDbType.Uuid),
            Array(rows.Select(t => t.Request.Id), NpgsqlDbType.Uuid),
            Array(rows.Select(t => t.System), NpgsqlDbType.Text),
            Array(rows.Select(t => NameOf(t.Task.Kind)), NpgsqlDbType.Text),
            Array(rows.Select(t => t.Request.IsHeldAt(t.System) && t.Task.Stage == TaskStage.Calling ? "held" : NameOf(t.Task.Stage)), NpgsqlDbType.Text),
            Array(rows.Select(t => t.Task.Assignee), NpgsqlDbType.Text),
            Array(rows.Select(t => t.Task.Attempts), NpgsqlDbType.Integer),
            Array(rows.Select(t => t.Request.ReceivedAt.ToUniversalTime()), NpgsqlDbType.TimestampTz),
            Array(rows.Select(t => t.Task.DispatchedAt?.ToUniversalTime()), NpgsqlDbType.TimestampTz));
    }

    private static void AddHolds(NpgsqlBatch sql, string tenant, IReadOnlyList<(Guid Subject, SubjectRequests Now)> changed)
    {
        if (changed.Count == 0) return;
        var rows = changed.SelectMany(c => c.Now.Holds.Keys.Select(hold => (c.Subject, Hold: hold))).ToList();
        Add(sql, "delete from legal_holds where tenant_id = $1 and subject = any($2)", tenant, Array(changed.Select(c => c.Subject), NpgsqlDbType.Uuid));
        Add(sql, "insert into legal_holds (tenant_id, hold, subject) select $1, * from unnest($2, $3)",
            tenant, Array(rows.Select(r => r.Hold), NpgsqlDbType.Uuid), Array(rows.Select(r => r.Subject), NpgsqlDbType.Uuid));
    }

    private static void AddLinks(NpgsqlBatch sql, string tenant, IReadOnlyList<(Guid Subject, SubjectRequests Now)> changed)
    {
        if (changed.Count == 0) return;
        var rows = changed.SelectMany(c => c.Now.All.Where(r => r is { IsOpen: true, Verified: null }).SelectMany(r => r.Links.Keys.Select(link => (Link: link, c.Subject, r.Id)))).ToList();
        Add(sql, "delete from identity_links where tenant_id = $1 and subject = any($2)", tenant, Array(changed.Select(c => c.Subject), NpgsqlDbType.Uuid));
        Add(sql, "insert into identity_links (link, tenant_id, subject, request) select l, $1, s, r from unnest($2, $3, $4) as t (l, s, r)",
            tenant, Array(rows.Select(r => r.Link), NpgsqlDbType.Text), Array(rows.Select(r => r.Subject), NpgsqlDbType.Uuid), Array(rows.Select(r => r.Id), NpgsqlDbType.Uuid));
    }

    internal static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    private static NpgsqlParameter<T[]> Array<T>(IEnumerable<T> values, NpgsqlDbType type) => new() { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type };

    private static void Add(NpgsqlBatch batch, string sql, string tenant, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql) { Parameters = { new NpgsqlParameter<string> { TypedValue = tenant } } };
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }
}
