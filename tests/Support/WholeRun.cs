using System.Collections.Concurrent;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace ConsentLedger.Support;

/// <summary>
/// After the last test of an assembly: says which servers it ran on, and ends the containers while somebody still waits, because the runner kills a process
/// that lingers after its results.
/// </summary>
public sealed class WholeRun(IMessageSink messages) : XunitTestFramework(messages)
{
    private static readonly ConcurrentStack<Func<Task>> Last = [];

    /// <summary>Whether anybody will act after the last test.</summary>
    internal static bool IsWatching { get; private set; }

    /// <summary>For what several test classes share: done after the last of them, in the opposite order.</summary>
    public static void AtEnd(Func<Task> act) => Last.Push(act);

    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName)
    {
        IsWatching = true;
        return new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);
    }

    private sealed class Executor(AssemblyName assembly, ISourceInformationProvider sources, IMessageSink diagnostics) : XunitTestFrameworkExecutor(assembly, sources, diagnostics)
    {
        protected override async void RunTestCases(IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions)
        {
            using var runner = new Runner(TestAssembly, testCases, DiagnosticMessageSink, executionMessageSink, executionOptions);
            await runner.RunAsync();
        }
    }

    private sealed class Runner(
        ITestAssembly assembly, IEnumerable<IXunitTestCase> cases, IMessageSink diagnostics, IMessageSink results, ITestFrameworkExecutionOptions options)
        : XunitTestAssemblyRunner(assembly, cases, diagnostics, results, options)
    {
        protected override async Task BeforeTestAssemblyFinishedAsync()
        {
            while (Last.TryPop(out var act)) await act();
            await PostgresDatabase.DropEmptiedAsync();
            if (Servers.Choice is { } choice) DiagnosticMessageSink.OnMessage(new DiagnosticMessage(choice));
#if TESTCONTAINERS
            await Containers.EndAsync();
#endif
            await base.BeforeTestAssemblyFinishedAsync();
        }
    }
}
