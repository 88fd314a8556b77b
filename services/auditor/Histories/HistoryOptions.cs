using System.CommandLine;
using ConsentLedger.Auditor.Reading;
using ConsentLedger.Auditor.Telling;
using ConsentLedger.Contracts;
using Clocks = ConsentLedger.Consent.Consents.Reading.Replay;
using StreamId = ConsentLedger.EventStore.StreamId;

namespace ConsentLedger.Auditor.Histories;

/// <summary>Whose history, from where, and as of when; the same for whoever shows one.</summary>
internal sealed class HistoryOptions
{
    private const string TokenVariable = "LEDGER_TOKEN";

    private readonly Argument<string?> _path = new("PATH")
    {
        Description = "A subject bundle, or the folder of a log export. Left out where --server is asked.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _subject = new("--subject") { Description = "Whose history, where the source has several.", HelpName = "UUID" };

    private readonly Option<string?> _server = new("--server") { Description = "Asks a running consent service, which records it.", HelpName = "URL" };

    private readonly Option<string?> _tenant = new("--tenant") { Description = "Whom a service's own token acts for.", HelpName = "TENANT" };

    private readonly Option<string?> _tokenFile = new("--token-file") { Description = $"A file with the bearer token for the server. Without it, {TokenVariable}.", HelpName = "FILE" };

    private readonly Option<string?> _asOf = new("--as-of") { Description = "Leaves out what was done after this moment (RFC 3339), by its own date.", HelpName = "MOMENT" };

    private readonly Option<string?> _knownAt = new("--known-at") { Description = "Leaves out what was recorded after this moment (RFC 3339).", HelpName = "MOMENT" };

    public void AddTo(Command verb)
    {
        verb.Arguments.Add(_path);
        foreach (var option in (Option[])[_subject, _server, _tenant, _tokenFile, _asOf, _knownAt]) verb.Options.Add(option);
    }

    /// <summary>The whole history, however far the clocks are turned back.</summary>
    public async Task<SubjectHistory> ReadAsync(ParseResult parsed, bool evidence, Surroundings surroundings, CancellationToken ct)
    {
        var (path, server) = (parsed.GetValue(_path), parsed.GetValue(_server));
        if (path is null == server is null) throw new UnansweredException("source_missing", "Say where the history lies: a PATH or --server, and not both.");
        var history = server is not null ? await AskAsync(parsed, server, evidence, surroundings, ct)
            : Directory.Exists(path) ? await surroundings.WatchAsync("Reading", progress => ExportHistory.ReadAsync(new FolderFiles(path), SubjectIn(parsed), progress, ct))
            : await BundleHistory.ReadAsync(path!, ct);
        if (parsed.GetValue(_subject) is not null && SubjectIn(parsed) != history.Subject) throw new UnansweredException("subject_missing", "The bundle is another subject's.");
        return history.Events.Count > 0 ? history : throw new UnansweredException("subject_missing", "Nothing was ever recorded of this subject there.");
    }

    public Clocks ReadClocks(ParseResult parsed) => new(Moment(parsed, _asOf), Moment(parsed, _knownAt));

    private async Task<SubjectHistory> AskAsync(ParseResult parsed, string server, bool evidence, Surroundings surroundings, CancellationToken ct)
    {
        if (!Uri.TryCreate(server.EndsWith('/') ? server : $"{server}/", UriKind.Absolute, out var root) || root.Scheme is not ("http" or "https"))
            throw new UnansweredException("url_invalid", $"{server} is no http or https address.");
        var token = parsed.GetValue(_tokenFile) is { } file ? await File.ReadAllTextAsync(file, ct) : surroundings.Variable(TokenVariable);
        if (string.IsNullOrWhiteSpace(token)) throw new UnansweredException("token_missing", $"--server takes a --token-file, or {TokenVariable}.");
        return await ServedHistory.ReadAsync(root, parsed.GetValue(_tenant), token.Trim(), SubjectIn(parsed), evidence, ct);
    }

    private Guid SubjectIn(ParseResult parsed) => parsed.GetValue(_subject) is not { } text
        ? throw new UnansweredException("subject_missing", "Say whose history: --subject.")
        : StreamId.TryParse(text, out var subject) ? subject.Value : throw new UnansweredException("subject_id_invalid", "A subject id is a UUID of version 4 or 7 in lower case.");

    private static DateTimeOffset? Moment(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text
        ? null
        : MomentConverter.TryParse(text, out var moment) ? moment : throw new UnansweredException("moment_invalid", $"{option.Name} is a moment such as 2026-11-21T09:00:00Z.");
}
