namespace ConsentLedger.Contracts;

/// <summary>The places of the bus that outsiders know. Events go to topic exchanges under their type, answers to a direct one under the asker's source.</summary>
public static class Exchanges
{
    public const string ConsentEvents = "consent.events";
    public const string MarketingEvents = "marketing.events";
    public const string ErasureEvents = "erasure.events";

    /// <summary>Commands come in under <c>tenant.type</c>, so that a broker can hold each sender to its tenant.</summary>
    public const string ConsentCommands = "consent.commands";

    public const string ConsentReplies = "consent.replies";

    /// <summary>As <see cref="ConsentCommands"/>, to the erasure service.</summary>
    public const string ErasureCommands = "erasure.commands";

    public const string ErasureReplies = "erasure.replies";

    /// <summary>Where commands that came to this exchange are answered.</summary>
    public static string RepliesTo(string commands) => commands == ErasureCommands ? ErasureReplies : ConsentReplies;
}
