namespace ConsentLedger.ErasureOrchestrator.Erasures.Running;

/// <param name="After">How long one of our own systems may stay silent before it is told again; then twice as long each time.</param>
public sealed record Patience(TimeSpan After)
{
    /// <summary>Never longer, so that who was dead for long is told at least once a day.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(30), LongestAskedFor = TimeSpan.FromDays(7);

    /// <summary>Whether the consent service can be asked by which addresses others know a person, and the answer be sealed.</summary>
    public bool AsksForAddresses { get; init; }

    /// <summary>From <c>Erasure:RedispatchAfter</c>, ten minutes where it is not set.</summary>
    public static Patience From(IConfiguration configuration)
    {
        var after = configuration.GetValue<TimeSpan?>("Erasure:RedispatchAfter") ?? TimeSpan.FromMinutes(10);
        var asks = new[] { configuration["Consent:Url"], configuration["Consent:TokenFile"], configuration.GetConnectionString("Vault") }.All(set => set is { Length: > 0 });
        return after >= TimeSpan.FromSeconds(1) ? new Patience(after) { AsksForAddresses = asks } : throw new InvalidOperationException("Erasure__RedispatchAfter is a time of a second or more, such as 00:10:00.");
    }

    /// <summary>How long to leave a processor alone that could not be reached: longer each time, and not the same for all that failed together.</summary>
    /// <param name="asked">What it asked for itself, which it gets, a week at most.</param>
    public static TimeSpan Retry(Guid request, string system, int attempt, TimeSpan? asked)
    {
        var grown = FirstRetry * Math.Pow(2, Math.Min(attempt - 1, 12));
        var wait = (grown < Longest ? grown : Longest) * (0.75 + (0.5 * Spread(request, system, attempt)));
        return asked > wait ? asked > LongestAskedFor ? LongestAskedFor : asked.Value : wait;
    }

    /// <summary>From 0 to 1. By the task itself, so that deciding again decides the same.</summary>
    public static double Spread(Guid request, string system, int attempt) => BitConverter.ToUInt32(Digest.Of($"{request}", $"{system} {attempt}").Value.ToByteArray()) / (double)uint.MaxValue;
}
