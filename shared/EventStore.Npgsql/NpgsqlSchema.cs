namespace ConsentLedger.EventStore.Npgsql;

/// <summary>
/// Marten's tables (string identity, conjoined tenancy), which a Marten session can open, and beside them the ledger's own: heads, dense positions,
/// sealed parts, remembered outcomes and checkpoints.
/// </summary>
internal static class NpgsqlSchema
{
    /// <summary>The SQLSTATE of <c>ledger_advance</c> when a head has moved.</summary>
    public const string HeadMoved = "CL001";

    /// <summary>Marten's own channel, so its daemon wakes with our subscriptions.</summary>
    public const string AppendedChannel = "mt_events_appended";

    /// <summary>
    /// What Marten would create, as far as we write it; a Marten store adds its own functions and progress tables when it first comes. And the foreign key of events to
    /// streams, which nothing here needs: both rows are of one transaction, and looking the one up for the other took a sixth of the database's time.
    /// </summary>
    public const string Streams = """
        create table if not exists mt_streams (
            tenant_id   varchar     collate "C" not null default '*DEFAULT*', -- compared as bytes, whatever the collation of the database: docs/adr/0022
            id          varchar     collate "C" not null,
            type        varchar     null,
            version     bigint      null,
            timestamp   timestamptz not null default (now()),
            created     timestamptz not null default (now()),
            is_archived boolean     default false,
            constraint pkey_mt_streams_tenant_id_id primary key (tenant_id, id)
        ) with (fillfactor = 70); -- room for the next version on the same page
        create sequence if not exists mt_events_sequence;
        create table if not exists mt_events (
            seq_id         bigint       not null,
            id             uuid         not null,
            stream_id      varchar      collate "C" not null,
            version        bigint       not null,
            data           jsonb        not null,
            bdata          bytea        null,
            type           varchar(500) not null,
            timestamp      timestamptz  not null default (now()),
            tenant_id      varchar      collate "C" not null default '*DEFAULT*',
            mt_dotnet_type varchar      null,
            headers        jsonb        null,
            is_archived    boolean      default false,
            constraint pkey_mt_events_seq_id primary key (seq_id)
        );
        create unique index if not exists pk_mt_events_stream_and_version on mt_events (tenant_id, stream_id, version);
        alter sequence mt_events_sequence owned by mt_events.seq_id;
        """;

    public const string Ledger = """
        -- One row a tenant. Whoever holds its lock writes; fillfactor keeps its updates on one page.
        create table if not exists ledger_head (
            tenant_id     text        collate "C" not null primary key,
            next_position bigint      not null default 0,
            recorded_at   timestamptz not null default 'epoch',
            tree          bytea       not null default '\x0000000000000000' -- the frontier of its entries
        ) with (fillfactor = 10);

        -- One row an event: its entry, what is sealed of it, and with a command's first event the command.
        create table if not exists ledger_entries (
            tenant_id  text   collate "C" not null,
            position   bigint not null,
            entry      bytea  not null,
            salt       bytea  null, -- gone when the contents were purged
            envelope   bytea  null, -- gone when its person was erased
            command_id uuid   null,
            body       uuid   null,
            version    bigint null, -- and the three below: what the command's repeat hears
            events     int    null,
            note       text   null,
            primary key (tenant_id, position)
        );
        create unique index if not exists ledger_entries_command on ledger_entries (command_id, tenant_id) where command_id is not null; -- the id first: it alone nearly always decides

        -- The tree above the entries: each row what one batch added to one tile. Never changed, so a tile is its rows in order.
        create table if not exists ledger_tiles (
            tenant_id text     collate "C" not null,
            level     smallint not null,
            tile      bigint   not null,
            start     smallint not null,
            hashes    bytea    not null,
            primary key (tenant_id, level, tile, start)
        );

        -- The commands that recorded nothing.
        create table if not exists ledger_commands (
            tenant_id  text     collate "C" not null,
            command_id uuid     not null,
            body       uuid     not null,
            outcome    smallint not null,
            version    bigint   not null,
            code       text     null,
            reason     text     null,
            primary key (command_id, tenant_id)
        );

        create table if not exists subscription_checkpoints (
            subscription  text   not null,
            tenant_id     text   not null,
            next_position bigint not null,
            primary key (subscription, tenant_id)
        ) with (fillfactor = 50);

        -- The newest published checkpoint of each tenant's tree, and up to which size the bus has been told.
        create table if not exists ledger_checkpoints (
            tenant_id text        collate "C" not null primary key,
            size      bigint      not null,
            root      bytea       not null,
            note      bytea       not null,
            signed_at timestamptz not null,
            announced bigint      not null default 0
        ) with (fillfactor = 50);
        """;

    /// <summary>Made anew at each start, because that locks no table.</summary>
    public const string Functions = """
        create or replace function ledger_stream(entry bytea) returns text language sql immutable parallel safe as $$ select encode(substr(entry, 6, 16), 'hex')::uuid::text $$;
        create or replace function ledger_version(entry bytea) returns bigint language sql immutable parallel safe as $$ select ('x' || encode(substr(entry, 22, 8), 'hex'))::bit(64)::bigint $$;

        -- Locks the head and moves it on, or fails when it is not where the writer believes it. No index spans the two tables that a command may be kept in,
        -- so it also fails when a command is kept in the one and about to be in the other: under the lock nobody else adds it.
        create or replace function ledger_advance(tenant text, expected bigint, next bigint, moment timestamptz, grown bytea, recorded uuid[], unrecorded uuid[])
        returns void language plpgsql as $$
        begin
            if expected = 0 then
                insert into ledger_head (tenant_id) values (tenant) on conflict do nothing;
            end if;
            update ledger_head set next_position = next, recorded_at = moment, tree = grown where tenant_id = tenant and next_position = expected;
            if not found then
                raise exception 'the head has moved' using errcode = 'CL001', constraint = 'ledger_head';
            end if;
            if exists (select from ledger_commands where command_id = any(recorded) and tenant_id = tenant)
                or (cardinality(unrecorded) > 0 and exists (select from ledger_entries where command_id = any(unrecorded) and tenant_id = tenant)) then
                raise exception 'a command came twice' using errcode = 'unique_violation', constraint = 'ledger_entries_command';
            end if;
        end $$;
        """;
}
