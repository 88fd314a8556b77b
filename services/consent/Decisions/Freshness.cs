using System.Globalization;
using System.Reflection;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Decisions;

/// <summary>
/// How current an answer has to be. Strict, unless a caller says less: whatever any replica had acknowledged when the question came is in it. Over HTTP
/// <c>?atLeast=…</c> and <c>?maxStalenessMs=…</c>; who says both wants both.
/// </summary>
/// <param name="AtLeast">The position of an event that must be in, such as the one that the caller's own command was answered with.</param>
/// <param name="MaxStaleness">How long ago the log may have been asked last.</param>
public sealed record Freshness(long? AtLeast = null, TimeSpan? MaxStaleness = null) : IBindableFromHttpContext<Freshness>
{
    public static Freshness Strict { get; } = new();

    /// <param name="position">Everything before it is known.</param>
    /// <param name="age">How long ago that was asked for.</param>
    public bool IsMetBy(long position, TimeSpan age) => this != Strict && !(position <= AtLeast) && !(age > MaxStaleness);

    public static ValueTask<Freshness?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        TryRead(context.Request.Query["atLeast"], out var atLeast) && TryRead(context.Request.Query["maxStalenessMs"], out var maxMs)
            ? new ValueTask<Freshness?>(new Freshness(atLeast, maxMs is { } ms ? TimeSpan.FromMilliseconds(Math.Min(ms, int.MaxValue)) : null))
            : throw new RequestRefusedException(KnownProblems.RequestInvalid);

    private static bool TryRead(string? text, out long? number)
    {
        number = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
        return text is null || number is not null;
    }
}
