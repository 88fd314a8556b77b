using Npgsql;

namespace ConsentLedger.EventStore.Npgsql;

/// <summary>Turns what the driver throws into the port's two exceptions, by SQLSTATE and constraint name. Anything else is a bug and stays itself.</summary>
public static class Outages
{
    public static async Task<T> Typed<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation or NpgsqlSchema.HeadMoved)
        {
            throw new AppendConflictException(e.ConstraintName ?? "unknown constraint", e);
        }
        catch (PostgresException e) when (!IsOutage(e))
        {
            throw;
        }
        catch (Exception e) when (IsAway(e))
        {
            throw new StoreUnavailableException("The database did not answer.", e);
        }
    }

    public static Task Typed(Func<Task> work) => Typed(async () =>
    {
        await work();
        return true;
    });

    /// <summary>Whether it says that the database did not answer, and not what.</summary>
    public static bool IsAway(Exception e) => e is NpgsqlException || IsTornDown(e);

    // The driver's limit for connecting can pass in the moment it connects. It takes the connection down then, and the next command meets what is left of it.
    private static bool IsTornDown(Exception e) => e is ObjectDisposedException { ObjectName: "System.Threading.ManualResetEventSlim" };

    // 08 connection, 28 credentials, 3D no such database, 53 resources, 57 shutdown, 58 disk; 25006 is a standby that takes no writes.
    private static bool IsOutage(PostgresException e) =>
        e.IsTransient || e.SqlState[..2] is "08" or "28" or "3D" or "53" or "57" or "58" || e.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction;
}
