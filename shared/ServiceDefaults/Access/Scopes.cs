using System.Collections.Frozen;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Every scope a token may carry, and what it lets its bearer do.</summary>
public static class Scopes
{
    public const string ConsentRead = "consent:read";
    public const string ConsentWrite = "consent:write";
    public const string ConsentDecide = "consent:decide";
    public const string AudienceRead = "audience:read";
    public const string ConsentAudit = "consent:audit";
    public const string ConsentDisclose = "consent:disclose";
    public const string ConsentAddresses = "consent:addresses";
    public const string ConsentImport = "consent:import";
    public const string ConsentHandOver = "consent:hand-over";
    public const string SubjectFind = "subject:find";
    public const string PreferencesRead = "preferences:read";
    public const string PreferencesAudit = "preferences:audit";
    public const string PreferencesFollow = "preferences:follow";
    public const string PreferencesImport = "preferences:import";
    public const string PreferencesLink = "preferences:link";
    public const string PreferencesSession = "preferences:session";
    public const string SendDecide = "send:decide";
    public const string AddressRead = "address:read";
    public const string AddressWrite = "address:write";
    public const string PolicyRead = "policy:read";
    public const string PolicyPublish = "policy:publish";
    public const string ErasureRequest = "erasure:request";
    public const string ErasureRead = "erasure:read";
    public const string ErasureResults = "erasure:results";
    public const string ErasureDecide = "erasure:decide";
    public const string ErasureHold = "erasure:hold";
    public const string ErasureInstruct = "erasure:instruct";
    public const string ErasureConfigure = "erasure:configure";
    public const string LedgerAudit = "ledger:audit";

    public static FrozenDictionary<string, string> Descriptions { get; } = new Dictionary<string, string>
    {
        [ConsentRead] = "Read what a subject has consented to.",
        [ConsentWrite] = "Record grants and withdrawals.",
        [ConsentDecide] = "Ask whether something is allowed.",
        [AudienceRead] = "List everybody for whom something is allowed.",
        [ConsentAudit] = "Read a subject's whole history, which is itself recorded.",
        [ConsentDisclose] = "Open the sealed part of single events.",
        [ConsentAddresses] = "Read by which addresses a subject is known, which is itself recorded.",
        [ConsentImport] = "Import consents in bulk.",
        [ConsentHandOver] = "Hand the tenant over to a successor, with everybody's keys.",
        [SubjectFind] = "Find out which subject an address belongs to.",
        [PreferencesRead] = "Read a subject's preferences.",
        [PreferencesAudit] = "Read everything that is kept about a person's preferences, which is itself recorded.",
        [PreferencesFollow] = "Read every subject's preferences, and follow what changes.",
        [PreferencesImport] = "Import preferences and suppressions in bulk.",
        [PreferencesLink] = "Make links to a person's preference page, as they go into mails.",
        [PreferencesSession] = "Make links for a person who has just signed in.",
        [SendDecide] = "Ask whether a message may be sent now.",
        [AddressRead] = "Read how addresses stand, by their tags.",
        [AddressWrite] = "Link addresses to subjects, suppress and release them.",
        [PolicyRead] = "Read policy packs.",
        [PolicyPublish] = "Publish a policy pack.",
        [ErasureRequest] = "Ask for the erasure of a subject.",
        [ErasureRead] = "Follow an erasure.",
        [ErasureResults] = "Fetch the copy that an OpenDSR request led to.",
        [ErasureDecide] = "Extend or refuse requests, and say what became of tasks.",
        [ErasureHold] = "Place and lift legal holds.",
        [ErasureInstruct] = "Instruct a processor as its controller.",
        [ErasureConfigure] = "Keep the register of processors and how requests are handled.",
        [LedgerAudit] = "Read the entries of the log and the facts behind them.",
    }.ToFrozenDictionary();
}
