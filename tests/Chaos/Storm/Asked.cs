namespace ConsentLedger.Chaos.Storm;

/// <summary>A person who asks for something.</summary>
/// <param name="WithdrawsAll">Every consent first.</param>
/// <param name="IsNeglected">Nobody does what people have to do for it, until it is too late.</param>
/// <param name="Twice">Asked by two at once.</param>
internal sealed record Asked(int Number, string Subject, string Type, bool WithdrawsAll, bool IsNeglected, bool Twice)
{
    /// <summary>Those who have a part in it, however often they have to be told.</summary>
    public IEnumerable<string> Systems =>
    [
        "consent", "archive", "flaky-hook", "liar",
        .. Type == "erasure" ? ["dead"] : Array.Empty<string>(),
        .. Type is "rectification" or "restriction" ? Array.Empty<string>() : ["marketing-preference"],
        .. Type == "rectification" ? [] : (string[])["flaky-dsr"],
        .. Type is "rectification" or "restriction" ? [] : (string[])["slow"],
        .. WithdrawsAll ? (string[])["consent-withdrawals"] : [],
    ];

    /// <summary>Of the request, once the service has taken it in.</summary>
    public string? Id { get; set; }

    public bool IsTaken => Id is not null;

    public Guid Request => Guid.Parse(Id!);

    public override string ToString() => $"{Type} {Number} of {Subject}: {Id}";

    /// <summary>Six in ten are erasures.</summary>
    public static Asked Of(int number, string subject)
    {
        var type = (number % 10) switch { 0 => "access", 1 => "portability", 2 => "rectification", 3 => "restriction", _ => "erasure" };
        return new Asked(number, subject, type, WithdrawsAll: type == "erasure" && number % 3 == 0, IsNeglected: number % 7 == 3, Twice: type == "erasure" && number % 7 == 0);
    }
}
