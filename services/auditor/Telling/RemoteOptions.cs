using System.CommandLine;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Verifying;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Telling;

/// <summary>Which running service, whose log of it, and with what right.</summary>
internal sealed class RemoteOptions(Surroundings surroundings)
{
    public const string TokenVariable = "LEDGER_TOKEN";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Argument<string> _url = new("URL") { Description = "The service, such as https://ledger.example; or without --tenant the prefix of any log of C2SP tlog-tiles." };

    private readonly Option<string?> _tenant = new("--tenant") { Description = "Whose log: at /log/<tenant> of the service.", HelpName = "TENANT" };

    private readonly Option<string?> _tokenFile = new("--token-file") { Description = $"A file with the bearer token for entries and facts (scope ledger:audit). Without it, {TokenVariable}.", HelpName = "FILE" };

    public void AddTo(Command verb)
    {
        verb.Arguments.Add(_url);
        verb.Options.Add(_tenant);
        verb.Options.Add(_tokenFile);
    }

    /// <summary>The files of the log.</summary>
    public async Task<HttpFiles> OpenLogAsync(ParseResult parsed, HttpClient client, CancellationToken ct)
    {
        var tenant = parsed.GetValue(_tenant);
        var service = ServiceOf(parsed);
        return new HttpFiles(client, tenant is null ? service : new Uri(service, $"log/{Uri.EscapeDataString(tenant)}/"), await ReadTokenAsync(parsed, ct), tenant, surroundings.Clock);
    }

    /// <summary>What the service gives beside its log.</summary>
    public async Task<HttpFiles> OpenServiceAsync(ParseResult parsed, HttpClient client, CancellationToken ct) =>
        new(client, ServiceOf(parsed), await ReadTokenAsync(parsed, ct), parsed.GetValue(_tenant), surroundings.Clock);

    public static HttpClient NewClient() => new() { Timeout = Patience, MaxResponseContentBufferSize = LogFiles.MaxLength };

    /// <summary>The newest checkpoint, if the policy believes it and it is of the log asked for.</summary>
    /// <returns>The bytes as they came, whether believed or not.</returns>
    public async Task<(byte[] Bytes, TrustedCheckpoint? Head, Fault? Fault)> ReadHeadAsync(ParseResult parsed, HttpFiles log, TrustPolicy policy, CancellationToken ct)
    {
        using var bytes = await log.ReadAsync(LogFiles.Checkpoint, ct) ?? throw new UnansweredException("not_found", "There is no checkpoint: no such log, or nothing was published of it yet.");
        var fault = policy.TryOpen(bytes.Span, out var head, out var untrusted) ? FindOther(parsed, policy, head) : Fault.Of(untrusted);
        return (bytes.Span.ToArray(), fault is null ? head : null, fault is null ? null : fault with { File = LogFiles.Checkpoint });
    }

    /// <summary>A policy may believe several logs, and a service has one for each tenant: which of them was asked for is known by its origin alone.</summary>
    public Fault? FindOther(ParseResult parsed, TrustPolicy policy, TrustedCheckpoint head) =>
        parsed.GetValue(_tenant) is { } tenant && policy.Origin is null && !head.Head.Origin.EndsWith($"/{tenant}", StringComparison.Ordinal)
            ? new Fault("origin_other", $"The log of {tenant} was asked for, and this is {head.Head.Origin}. Where that is its name, say --origin.")
            : null;

    private Uri ServiceOf(ParseResult parsed) => ReadUrl(parsed.GetRequiredValue(_url));

    private Task<string?> ReadTokenAsync(ParseResult parsed, CancellationToken ct) => ReadTokenAsync(parsed.GetValue(_tokenFile), surroundings, ct);

    public static Uri ReadUrl(string text) =>
        Uri.TryCreate(text.EndsWith('/') ? text : $"{text}/", UriKind.Absolute, out var url) && (url.Scheme is "http" or "https")
            ? url
            : throw new UnansweredException("url_invalid", $"{text} is no http or https address.");

    public static async Task<string?> ReadTokenAsync(string? tokenFile, Surroundings surroundings, CancellationToken ct)
    {
        var token = tokenFile is { } file ? await File.ReadAllTextAsync(file, ct) : surroundings.Variable(TokenVariable);
        if (string.IsNullOrWhiteSpace(token)) return null;
        token = token.Trim();
        return token.Any(c => c is <= ' ' or > '~') ? throw new UnansweredException("token_invalid", "The token is one line of printable ASCII.") : token;
    }
}
