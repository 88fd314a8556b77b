using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>
/// Writes that others act on. PostgreSQL ends a commit's wait for its standbys when it is asked to cancel, and the driver asks when a command has taken too long or its token is
/// cancelled: what is on one machine only would be told to others. So what commits has no limit of its own, or token; who waits for it has.
/// </summary>
/// <param name="limit">How long one may wait.</param>
public sealed class Durable(TimeSpan limit)
{
    /// <summary>As long as a command of this source may take.</summary>
    public static Durable Within(NpgsqlDataSource source) =>
        new(new NpgsqlConnectionStringBuilder(source.ConnectionString).CommandTimeout is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan);

    /// <summary>A write that is given up goes on, and keeps its connection until it ends.</summary>
    public async Task WaitAsync(Task writing, CancellationToken ct)
    {
        try
        {
            await writing.WaitAsync(limit, ct);
        }
        catch (TimeoutException e)
        {
            throw new StoreUnavailableException("The database did not answer in time.", e);
        }
    }

    /// <summary>Carries a command out that is a transaction by itself, and disposes of it.</summary>
    /// <returns>How many rows it wrote.</returns>
    public async Task<int> WriteAsync(NpgsqlCommand write, CancellationToken ct)
    {
        var writing = ToTheEndAsync(write);
        await WaitAsync(writing, ct);
        return await writing;
    }

    private static async Task<int> ToTheEndAsync(NpgsqlCommand write)
    {
        await using var _ = write;
        write.CommandTimeout = 0;
        return await write.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
