using System.Collections.Concurrent;
using System.Reflection;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <param name="Missing">Why it is not kept yet.</param>
public sealed record Result(string Row, string Controller, Verdict Verdict, string? Missing);

public enum Verdict
{
    Kept,
    NotYet,
    Broken,
}

/// <summary>How every promise came out, and the documents that say so.</summary>
public static class Results
{
    private static readonly ConcurrentBag<Result> Seen = [];

    static Results()
    {
        if (Environment.GetEnvironmentVariable("PROMISES_WRITE") == "true") WholeRun.AtEnd(WriteAsync);
    }

    /// <summary>What they would be if every test that is not skipped passed.</summary>
    public static IReadOnlyList<Result> Expected { get; } =
    [
        .. from method in typeof(Results).Assembly.GetTypes().SelectMany(t => t.GetMethods())
           let promise = method.GetCustomAttribute<PromiseAttribute>()
           where promise is not null
           from controller in promise.Controllers
           select new Result(promise.Row, controller, promise.Skip is null ? Verdict.Kept : Verdict.NotYet, promise.Skip),
    ];

    public static void Add(Result result) => Seen.Add(result);

    // Whoever ran only some of the tests knows nothing of the others.
    private static Task WriteAsync()
    {
        if (Seen.Count != Expected.Count) throw new InvalidOperationException($"{Seen.Count} of {Expected.Count} tests ran: nothing was written.");
        Table.Write([.. Seen]);
        return Task.CompletedTask;
    }
}
