using System.CommandLine;
using ConsentLedger.Ledger;

namespace ConsentLedger.Auditor.Telling;

/// <summary>Whose word counts: <c>--key</c>, once for the log and once for each witness that must have cosigned, or <c>--policy</c>.</summary>
internal sealed class TrustOptions
{
    private readonly Option<string[]> _keys = new("--key")
    {
        Description = "A verifier key (name+id+base64), or a file with one: the log's, or a witness's. Repeat it for each. Every witness named must have cosigned.",
        HelpName = "VKEY|FILE",
    };

    private readonly Option<string?> _policy = new("--policy") { Description = "A trust policy (C2SP tlog-policy): logs, witnesses, quorum.", HelpName = "FILE" };

    private readonly Option<string?> _origin = new("--origin") { Description = "The log's origin, where its key has another name.", HelpName = "ORIGIN" };

    public void AddTo(Command verb)
    {
        verb.Options.Add(_keys);
        verb.Options.Add(_policy);
        verb.Options.Add(_origin);
    }

    public async Task<TrustPolicy> ReadAsync(ParseResult parsed, CancellationToken ct) => await ReadKeysAsync(parsed, ct) with { Origin = parsed.GetValue(_origin) };

    private async Task<TrustPolicy> ReadKeysAsync(ParseResult parsed, CancellationToken ct)
    {
        var (keys, file) = (parsed.GetValue(_keys) ?? [], parsed.GetValue(_policy));
        if (keys.Length > 0 == file is not null) throw new UnansweredException("trust_missing", "Say whom to believe: --key or --policy, and not both.");
        if (file is not null)
            return TrustPolicyReader.TryRead(await File.ReadAllTextAsync(file, ct), out var policy, out var fault) ? policy : throw new UnansweredException(fault.Code, fault.Reason);

        var read = new List<VerifierKey>();
        foreach (var key in keys) read.Add(await ReadKeyAsync(key, ct));
        var logs = read.Where(k => k.Type == SignatureType.Ed25519).ToList();
        var witnesses = read.Where(k => k.Type == SignatureType.CosignatureV1).ToList();
        if (logs.Count == 0) throw new UnansweredException("trust_missing", "None of the keys is a log's.");
        return new TrustPolicy(logs, witnesses, witnesses.Count == 0 ? new Quorum.None() : new Quorum.Group(witnesses.Count, [.. witnesses.Select(w => new Quorum.Witness(w))]));
    }

    private static async Task<VerifierKey> ReadKeyAsync(string keyOrFile, CancellationToken ct)
    {
        // A key has two pluses, which no sane file name has; and what is no key is looked for as a file.
        if (VerifierKey.TryParse(keyOrFile, out var key, out var fault)) return key;
        if (!File.Exists(keyOrFile)) throw new UnansweredException(fault.Code, $"{keyOrFile}: no such file, and no key: {fault.Reason}");
        return VerifierKey.TryParse((await File.ReadAllTextAsync(keyOrFile, ct)).Trim(), out key, out fault) ? key : throw new UnansweredException(fault.Code, $"{keyOrFile}: {fault.Reason}");
    }
}
