using Xunit.Abstractions;
using Xunit.Sdk;

namespace ConsentLedger.Promises;

/// <summary>
/// An acceptance test of one promise, run once for each of these controllers, whose name it is given. Of a promise that is not kept yet, <c>Skip</c> names exactly what is missing,
/// because the table of promises repeats it.
/// </summary>
/// <param name="row">The id of a <see cref="Row"/>.</param>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("ConsentLedger.Promises.PromiseDiscoverer", "ConsentLedger.Promises")]
public sealed class PromiseAttribute(string row, params string[] controllers) : FactAttribute
{
    public string Row => row;

    public IReadOnlyList<string> Controllers => controllers;
}

public sealed class PromiseDiscoverer(IMessageSink diagnostics) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        ((IEnumerable<object>)factAttribute.GetConstructorArguments().Last()).Select(controller => new PromiseCase(diagnostics, testMethod, (string)controller));
}

/// <summary>One cell of the table: it remembers how it ended.</summary>
public sealed class PromiseCase : XunitTestCase
{
    [Obsolete("For the runner, which writes test cases down and reads them back.")]
    public PromiseCase() { }

    public PromiseCase(IMessageSink diagnostics, ITestMethod method, string controller)
        : base(diagnostics, TestMethodDisplay.Method, TestMethodDisplayOptions.None, method, [controller]) { }

    private string RowId => (string)TestMethod.Method.GetCustomAttributes(typeof(PromiseAttribute)).Single().GetConstructorArguments().First();

    private string Controller => (string)TestMethodArguments[0];

    public override async Task<RunSummary> RunAsync(
        IMessageSink diagnosticMessageSink, IMessageBus messageBus, object[] constructorArguments, ExceptionAggregator aggregator, CancellationTokenSource cancellationTokenSource)
    {
        var summary = await base.RunAsync(diagnosticMessageSink, messageBus, constructorArguments, aggregator, cancellationTokenSource);
        Results.Add(new Result(RowId, Controller, summary.Failed > 0 ? Verdict.Broken : summary.Skipped > 0 ? Verdict.NotYet : Verdict.Kept, SkipReason));
        return summary;
    }

    protected override string GetDisplayName(IAttributeInfo factAttribute, string displayName) => $"{RowId} {Controller}: {TestMethod.Method.Name.Replace('_', ' ')}";
}
