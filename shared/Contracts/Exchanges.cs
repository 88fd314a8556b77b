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
}
