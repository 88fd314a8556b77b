using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.Story;

// What an outsider takes from a controller's policy pack: the part of it that people are asked and mailed about.

internal sealed record PackPurpose(
    string Id, IReadOnlyList<PackBasis>? Bases, IReadOnlyList<string>? Channels, IReadOnlyList<string>? Recipients, IReadOnlyList<PackText>? ConsentTexts)
{
    public bool RestsOnConsent => Bases?.Any(basis => basis.Basis == "consent") ?? false;
}

internal sealed record PackBasis(string Basis);

internal sealed record PackText(string Id, string Locale, string Text)
{
    /// <summary>What a backend says about the text it showed.</summary>
    public object Shown => new { Id, Locale, Hash = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))}" };
}

internal sealed record PackTopic(string Id, string Purpose, string MessageClass, IReadOnlyList<string> Channels);

internal sealed record PackController(string Name, string Country);

/// <summary>Access to an account elsewhere, scope by scope.</summary>
internal sealed record PackAuthorisation(string Purpose, IReadOnlyList<string> Scopes);

internal sealed record Pack(
    string Tenant, string Version, PackController Controller, IReadOnlyList<PackPurpose> Purposes, IReadOnlyList<PackTopic> Topics, IReadOnlyList<PackAuthorisation>? Authorisations)
{
    private const string Mail = "email";

    /// <summary>As the file has it, for publishing.</summary>
    public required byte[] Bytes { get; init; }

    /// <summary>Marketing by mail that rests on consent.</summary>
    public IReadOnlyList<Mailing> Mailings =>
        [
            .. from topic in Topics
               where topic.MessageClass == "marketing" && Sends(topic) && Purpose(topic.Purpose).RestsOnConsent
               select new Mailing(topic.Id, AskOf(Purpose(topic.Purpose), Mail)),
        ];

    /// <summary>Mail that is owed to the person whatever they unsubscribed from.</summary>
    public PackTopic Transactional =>
        Topics.FirstOrDefault(topic => topic.MessageClass == "transactional" && Sends(topic)) ?? throw new StoryBrokenException($"{Tenant} declares no transactional mail.");

    /// <summary>Everything else that people are asked for: authorisations of other services, transfers, sharing, cookies, other channels.</summary>
    public IReadOnlyList<Ask> OtherAsks
    {
        get
        {
            var mailed = Mailings.Select(mailing => mailing.Ask).ToHashSet();
            var all = from purpose in Purposes
                      where purpose.RestsOnConsent
                      from channel in purpose.Channels is [_, ..] channels ? channels : Enumerable.Repeat<string?>(null, 1)
                      select AskOf(purpose, channel);
            return [.. all.Where(ask => !mailed.Contains(ask))];
        }
    }

    public PackPurpose WithoutConsent => Purposes.First(purpose => !purpose.RestsOnConsent && purpose.Bases is [_, ..]);

    public static IReadOnlyList<Pack> ReadAll()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "policies");
        var files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : [];
        Expect.That(files.Length > 0, "The policy packs are not beside the program; build it again.");
        return [.. files.Order(StringComparer.Ordinal).Select(file => Read(File.ReadAllBytes(file), Path.GetFileName(file)))];
    }

    public PackPurpose Purpose(string id) => Purposes.First(purpose => purpose.Id == id);

    private static Pack Read(byte[] bytes, string file)
    {
        try
        {
            return JsonSerializer.Deserialize<Form>(bytes, ServiceClient.Json)!.ToPack(bytes);
        }
        catch (JsonException e)
        {
            throw new StoryBrokenException($"The policy pack {file} is not readable: line {e.LineNumber + 1}.", e);
        }
    }

    private static bool Sends(PackTopic topic) => topic.Channels.Contains(Mail);

    private Ask AskOf(PackPurpose purpose, string? channel) => new(
        purpose.Id, channel, purpose.Recipients is [var first, ..] ? first : null, purpose.ConsentTexts is [var text, ..] ? text : null,
        Authorisations?.FirstOrDefault(a => a.Purpose == purpose.Id)?.Scopes[0]);

    private sealed record Form(
        string Tenant, string Version, PackController Controller, IReadOnlyList<PackPurpose> Purposes, IReadOnlyList<PackTopic> Topics, IReadOnlyList<PackAuthorisation>? Authorisations)
    {
        public Pack ToPack(byte[] bytes) => new(Tenant, Version, Controller, Purposes, Topics, Authorisations) { Bytes = bytes };
    }
}

/// <summary>One thing a person is asked to consent to.</summary>
internal sealed record Ask(string Purpose, string? Channel, string? Recipient, PackText? Text, string? Scope = null)
{
    /// <summary>As acts name it.</summary>
    public IReadOnlyList<string>? Scopes => Scope is null ? null : [Scope];
}

/// <summary>A topic that people subscribe to, and the consent it rests on.</summary>
internal sealed record Mailing(string Topic, Ask Ask);
