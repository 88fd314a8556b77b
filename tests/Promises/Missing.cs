namespace ConsentLedger.Promises;

/// <summary>The test of what cannot be done yet. Whoever takes its reason away writes the test.</summary>
internal static class Missing
{
    public static Task Of(string controller) => throw new InvalidOperationException($"Nothing keeps this promise of {controller} yet.");
}
