using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

public static class NpgsqlLedger
{
    /// <summary>
    /// A data source tuned for the ledger: statements prepare themselves, and a pooled connection keeps what it prepared
    /// (the default <c>DISCARD ALL</c> on reopening throws it away). Every join of ours is a handful of keys against an index; a plan cached
    /// while the tables were still empty must not scan them for good. What has to scan counts as dear then, and PostgreSQL would compile it to machine code,
    /// a tenth of a second each time.
    /// </summary>
    public static NpgsqlDataSource DataSource(string connectionString)
    {
        var tuned = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,

            // What is cancelled is not waited for any longer: the server is asked to stop, and the connection broken. A commit is therefore never cancelled (NpgsqlEngine.WriteAsync).
            CancellationTimeout = -1,

            // A machine that is gone without a word must not hold a lease, or be waited for, for hours: both sides ask after some seconds of silence.
            TcpKeepAlive = true,
            TcpKeepAliveTime = 10,
            TcpKeepAliveInterval = 5,
            Options = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off",
        };

        // Without a name of its own, metrics and spans would carry the connection string.
        return new NpgsqlDataSourceBuilder(tuned.ConnectionString) { Name = tuned.Database }.Build();
    }
}
