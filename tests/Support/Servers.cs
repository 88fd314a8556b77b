namespace ConsentLedger.Support;

/// <summary>
/// The PostgreSQL and the RabbitMQ of this run: those that the environment names; else a pair of containers, where they are compiled in
/// (<c>-p:Testcontainers=true</c>) and a Docker engine answers; else those of <c>deploy/local/servers up</c>. The tests are the same on all of them.
/// </summary>
public static class Servers
{
    private const string PostgresName = "POSTGRES";
    private const string AmqpName = "AMQP_URL";
    private const string ManagementName = "AMQP_MANAGEMENT_URL";

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Found = new(FindBeyondEnvironment);

    /// <summary>Which servers were used, and why; null where no test asked for any. <see cref="WholeRun"/> prints it.</summary>
    internal static string? Choice { get; private set; }

    /// <summary>A connection string without a database.</summary>
    public static string Postgres => Find(PostgresName);

    /// <summary><c>amqp://user:password@host:port</c>, of a user who may make virtual hosts.</summary>
    public static string Amqp => Find(AmqpName);

    /// <summary><c>http://user:password@host:port</c></summary>
    public static string AmqpManagement => Find(ManagementName);

    /// <summary>The folder that holds ConsentLedger.sln.</summary>
    public static string Checkout { get; } = FindCheckout();

    // Asked each time: a test that has servers of its own names them there.
    private static string Find(string name)
    {
        if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } given)
        {
            Tell($"the environment names them ({name}).");
            return given;
        }

        return Found.Value.TryGetValue(name, out var found)
            ? found
            : throw new InvalidOperationException($"There is no {name}: set it, or run deploy/local/servers up, or build with -p:Testcontainers=true beside a Docker engine.");
    }

    private static IReadOnlyDictionary<string, string> FindBeyondEnvironment()
    {
#if TESTCONTAINERS
        if (Containers.TryStart() is var (postgres, amqp, management))
        {
            Tell($"containers of {Containers.PostgresImage} and {Containers.RabbitMqImage}, since the environment names none and a Docker engine answers.");
            return new Dictionary<string, string> { [PostgresName] = postgres, [AmqpName] = amqp, [ManagementName] = management };
        }

        const string Why = "no Docker engine answers";
#else
        const string Why = "containers are not compiled in";
#endif
        var file = Path.Combine(Checkout, ".local", "servers.env");
        if (!File.Exists(file)) return new Dictionary<string, string>();
        Tell($".local/servers.env, since the environment names none and {Why}.");
        return File.ReadLines(file)
            .Where(line => line.StartsWith("export ", StringComparison.Ordinal))
            .Select(line => line["export ".Length..].Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim('"', '\''));
    }

    private static void Tell(string which) => Choice ??= $"Servers: {which}";

    private static string FindCheckout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ConsentLedger.sln"))) return folder.FullName;
        throw new InvalidOperationException("ConsentLedger.sln is not above the tests.");
    }
}
