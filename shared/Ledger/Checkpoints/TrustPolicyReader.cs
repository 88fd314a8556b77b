using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ConsentLedger.Ledger;

/// <summary>Reads a policy file (C2SP tlog-policy): lines of <c>log</c>, <c>witness</c>, <c>group</c>, and one <c>quorum</c>; a name is used after it is defined, as a member once.</summary>
public sealed class TrustPolicyReader
{
    private const string NoQuorum = "none";

    private readonly List<VerifierKey> _logs = [];
    private readonly List<VerifierKey> _witnesses = [];
    private readonly Dictionary<string, Quorum> _defined = [];
    private readonly HashSet<string> _members = [];
    private Quorum? _quorum;

    private TrustPolicyReader() { }

    public static bool TryRead(string text, [NotNullWhen(true)] out TrustPolicy? policy, [NotNullWhen(false)] out LedgerFault? fault)
    {
        (policy, fault) = (null, null);
        var reader = new TrustPolicyReader();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is [] or [['#', ..], ..]) continue;
            if (reader.Take(words) is not { } reason) continue;
            fault = Refused(string.Create(CultureInfo.InvariantCulture, $"Line {number} of the policy: {reason}"));
            return false;
        }

        if (text.Any(c => c is (< ' ' and not ('\n' or '\t')) or '\x7F')) fault = Refused("A policy has no control characters but newline and tab.");
        else if (reader._quorum is null) fault = Refused("A policy says its quorum, which may be none.");
        else policy = new TrustPolicy(reader._logs, reader._witnesses, reader._quorum);
        return policy is not null;
    }

    private static LedgerFault Refused(string reason) => new("trust_policy_invalid", reason);

    /// <returns>What is wrong with the line, or null.</returns>
    private string? Take(string[] words) => words switch
    {
        ["log", var key, .. { Length: <= 1 }] => TakeLog(key),
        ["witness", var name, var key, .. { Length: <= 1 }] => TakeWitness(name, key),
        ["group", var name, var threshold, .. { Length: > 0 } members] => TakeGroup(name, threshold, members),
        ["quorum", var name] => TakeQuorum(name),
        _ => "not log, witness, group or quorum with what belongs to it.",
    };

    private string? TakeLog(string text)
    {
        if (!VerifierKey.TryParse(text, out var key, out var fault)) return fault.Reason;
        if (key.Type != SignatureType.Ed25519) return "a log's key is of type Ed25519.";
        if (IsKnown(_logs, key)) return "the log is there already.";
        _logs.Add(key);
        return null;
    }

    private string? TakeWitness(string name, string text)
    {
        if (!VerifierKey.TryParse(text, out var key, out var fault)) return fault.Reason;
        if (key.Type != SignatureType.CosignatureV1) return "a witness's key is of type cosignature/v1.";
        if (IsKnown(_witnesses, key)) return "the witness is there already.";
        _witnesses.Add(key);
        return Define(name, new Quorum.Witness(key));
    }

    private string? TakeGroup(string name, string threshold, string[] members)
    {
        var k = threshold switch
        {
            "all" => members.Length,
            "any" => 1,
            _ => DecimalText.TryRead(threshold, out var number) && number <= members.Length ? (int)number : 0,
        };
        if (k < 1) return "a group's threshold is all, any, or a number from 1 to that of its members.";
        if (members.FirstOrDefault(m => !_defined.ContainsKey(m)) is { } unknown) return $"{unknown} is not defined above.";
        if (members.FirstOrDefault(m => !_members.Add(m)) is { } twice) return $"{twice} is a member already.";
        return Define(name, new Quorum.Group(k, [.. members.Select(m => _defined[m])]));
    }

    private string? TakeQuorum(string name)
    {
        if (_quorum is not null) return "a policy has one quorum.";
        _quorum = name == NoQuorum ? new Quorum.None() : _defined.GetValueOrDefault(name);
        return _quorum is null ? $"{name} is not defined above." : null;
    }

    private string? Define(string name, Quorum quorum) => name != NoQuorum && _defined.TryAdd(name, quorum) ? null : $"{name} means something already.";

    private static bool IsKnown(List<VerifierKey> keys, VerifierKey key) => keys.Any(k => k.PublicKey.SequenceEqual(key.PublicKey));
}
