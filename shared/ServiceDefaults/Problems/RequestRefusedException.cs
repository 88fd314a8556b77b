namespace ConsentLedger.ServiceDefaults;

/// <summary>Ends the binding of an endpoint's parameter, which can say "no" in no other way. It never leaves the edge.</summary>
public sealed class RequestRefusedException(Problem problem) : Exception(problem.Code)
{
    public Problem Problem { get; } = problem;
}
