using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Consents;

/// <summary>What an act or a question names, before the policy was asked what that is.</summary>
/// <param name="Scopes">Rights at another provider, where the purpose is an authorisation; null where none is named.</param>
public readonly record struct Named(string Purpose, string? Channel, string? Recipient, string? Jurisdiction, IReadOnlyList<string>? Scopes)
{
    /// <summary>One lane, or one a scope.</summary>
    public IReadOnlyList<Lane> LanesUnder(PolicyPack? pack)
    {
        var lane = new Lane(Purpose, Channel, Recipient ?? PolicyPack.ControllerRecipient, pack?.LawFor(Jurisdiction));
        return Scopes is null ? [lane] : [.. Scopes.Distinct().Order(StringComparer.Ordinal).Select(scope => lane with { Scope = scope })];
    }
}

/// <summary>Holds what is asked against what the controller's policy declares. Purpose limitation (GDPR art. 5(1)(b)) starts here.</summary>
public static class Declared
{
    /// <summary>Why this purpose, channel, recipient and scope may not be used together, or null when the policy declares them.</summary>
    public static Refusal? Check(PolicyPack? pack, Named named)
    {
        if (pack is null) return new("policy_missing", "The controller has not published a policy yet.");
        if (pack.FindPurpose(named.Purpose) is not { } purpose) return new("purpose_undeclared", $"Policy {pack.Version} declares no such purpose.");
        if (named.Channel is null && purpose.Channels.Count > 0) return new("channel_required", $"The purpose {purpose.Id} is declared per channel: name one.");
        if (named.Channel is not null && !purpose.Channels.Contains(named.Channel)) return new("channel_undeclared", $"Policy {pack.Version} does not declare this channel for {purpose.Id}.");
        if (named.Recipient is not null && !purpose.Reaches(named.Recipient)) return new("recipient_undeclared", $"Policy {pack.Version} does not declare this recipient for {purpose.Id}.");

        if (ScopesOf(pack, purpose.Id) is not { } scopes) return named.Scopes is null ? null : new("scope_undeclared", $"The purpose {purpose.Id} is no authorisation, and has no scopes.");
        if (named.Scopes is not { Count: > 0 }) return new("scope_required", $"The purpose {purpose.Id} is authorised scope by scope: name them.");
        return named.Scopes.All(scopes.Contains) ? null : new("scope_undeclared", $"Policy {pack.Version} does not declare this scope for {purpose.Id}.");
    }

    /// <summary>The rights at another provider that a purpose stands for; null where it is no authorisation.</summary>
    public static IReadOnlyList<string>? ScopesOf(PolicyPack? pack, string purpose) => pack?.Authorisations.FirstOrDefault(a => a.Purpose == purpose)?.Scopes;

    /// <summary>The text as shown, with the hash that the policy gives it: what a person saw stays known when packs are long gone (GDPR art. 7(1)).</summary>
    public static (TextShown? Text, Refusal? Refusal) Text(Purpose purpose, TextShown? shown)
    {
        if (shown is null) return (null, null);
        if (purpose.FindText(shown.Id, shown.Locale) is not { } text) return (null, new("text_undeclared", $"The purpose {purpose.Id} has no such text in this locale."));
        var hash = Token.Parse($"sha256:{text.Hash()}");
        return shown.Hash is null || shown.Hash == hash ? (shown with { Hash = hash }, null) : (null, new("text_differs", "The text shown is not the one that the policy has under this id and locale."));
    }
}
