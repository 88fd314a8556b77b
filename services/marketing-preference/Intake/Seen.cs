using ConsentLedger.MarketingPreference.Unsubscribing;

namespace ConsentLedger.MarketingPreference.Intake;

/// <summary>What was seen of whoever pressed a link's button: evidence of whether that was a person, and never a reason not to do it. No address, no name of a program.</summary>
/// <param name="SecondsSinceDelivery">Since the link was made, which is right before the mail was sent.</param>
public sealed record Seen(AgentKind Agent, long? SecondsSinceDelivery)
{
    private static readonly string[] Scanners =
        ["barracuda", "proofpoint", "mimecast", "safelinks", "messagelabs", "symantec", "forcepoint", "ironport", "trendmicro", "fireeye", "bot", "crawler", "spider", "scan", "preview"];

    private static readonly string[] Providers = ["googleimageproxy", "gmail", "yahoo", "apple-mail", "icloud", "fastmail", "outlook"];

    public static Seen Of(string? userAgent, UnsubscribeLink link, DateTimeOffset now) =>
        new(KindOf(userAgent), Math.Max(0, (long)(now - (link.ExpiresAt - UnsubscribeLinks.Lifetime)).TotalSeconds));

    internal static AgentKind KindOf(string? userAgent) => userAgent switch
    {
        null or "" => AgentKind.None,
        _ when Scanners.Any(name => userAgent.Contains(name, StringComparison.OrdinalIgnoreCase)) => AgentKind.Scanner,
        _ when Providers.Any(name => userAgent.Contains(name, StringComparison.OrdinalIgnoreCase)) => AgentKind.MailProvider,
        _ when userAgent.StartsWith("Mozilla/", StringComparison.Ordinal) => AgentKind.Browser,
        _ => AgentKind.Program,
    };
}

public enum AgentKind
{
    None,
    Browser,
    MailProvider,
    Scanner,
    Program,
}
