namespace ConsentLedger.Support;

/// <summary>Where the servers are: in the environment, or in the <c>.local/servers.env</c> that <c>deploy/local/servers up</c> wrote above this assembly.</summary>
public static class Servers
{
    private static readonly Lazy<IReadOnlyDictionary<string, string>> Local = new(ReadLocal);

    public static string Postgres => Find("POSTGRES");

    public static string Amqp => Find("AMQP_URL");

    public static string AmqpManagement => Find("AMQP_MANAGEMENT_URL");

    /// <summary>The folder that holds ConsentLedger.sln.</summary>
    public static string Checkout { get; } = FindCheckout();

    private static string Find(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
        : Local.Value.TryGetValue(name, out var local) ? local
        : throw new InvalidOperationException($"{name} is not set and .local/servers.env does not hold it: run deploy/local/servers up, or set it.");

    private static string FindCheckout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "ConsentLedger.sln"))) return folder.FullName;
        throw new InvalidOperationException("ConsentLedger.sln is not above the tests.");
    }

    private static Dictionary<string, string> ReadLocal()
    {
        var file = Path.Combine(Checkout, ".local", "servers.env");
        if (!File.Exists(file)) return [];
        return File.ReadLines(file)
            .Where(line => line.StartsWith("export ", StringComparison.Ordinal))
            .Select(line => line["export ".Length..].Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim('"', '\''));
    }
}
