using ConsentLedger.Ledger;
using ConsentLedger.Resilience;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ConsentLedger.Transparency;

/// <summary>Who cosigns, from <c>Ledger:Witnesses:0:Url</c>, <c>Ledger:Witnesses:0:Key</c> and so on.</summary>
public sealed class WitnessOptions
{
    public IReadOnlyList<Appointed> Witnesses { get; set; } = [];

    /// <summary>How many of them have to cosign before a checkpoint is published; all where it is not set.</summary>
    public int? Quorum { get; set; }

    /// <summary>How long the others are waited for once enough have cosigned.</summary>
    public int WitnessGraceMs { get; set; } = 200;

    /// <param name="Url">The submission prefix; <c>/add-checkpoint</c> follows it.</param>
    /// <param name="Key">The verifier key: <c>name+id+base64</c>, of a cosignature/v1.</param>
    public sealed record Appointed(Uri Url, string Key);

    /// <exception cref="InvalidOperationException">One of them cannot be meant.</exception>
    public IReadOnlyList<(Uri Url, VerifierKey Key)> Keys()
    {
        var keys = new List<(Uri Url, VerifierKey Key)>();
        foreach (var (witness, i) in Witnesses.Select((w, i) => (w, i)))
        {
            if (!VerifierKey.TryParse(witness.Key ?? "", out var key, out var fault)) throw Refused($"Witnesses:{i}:Key: {fault.Reason}");
            if (key.Type != SignatureType.CosignatureV1) throw Refused($"Witnesses:{i}:Key is not one of cosignature/v1.");
            if (witness.Url is not { IsAbsoluteUri: true, Scheme: "http" or "https" }) throw Refused($"Witnesses:{i}:Url is no http address.");
            if (keys.Any(k => k.Key.PublicKey.SequenceEqual(key.PublicKey))) throw Refused($"Witnesses:{i}:Key is there already; one witness twice is one witness.");
            keys.Add((witness.Url, key));
        }

        if (Quorum < Math.Min(1, keys.Count) || Quorum > keys.Count) throw Refused($"Quorum is from {Math.Min(1, keys.Count)} to the number of witnesses, {keys.Count}.");
        if (WitnessGraceMs is < 0 or > 60_000) throw Refused("WitnessGraceMs is from 0 to 60000.");
        return keys;
    }

    private static InvalidOperationException Refused(string reason) => new($"Ledger:{reason}");
}

public static class WitnessRegistration
{
    /// <summary>Nobody waits for a checkpoint longer than for a page: what a witness does not answer soon is tried with the next one.</summary>
    public static IServiceCollection AddWitnesses(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection("Ledger").Get<WitnessOptions>() ?? new WitnessOptions();
        options.Keys();
        return services
            .AddRemote(Witness.Remote, remote =>
            {
                (remote.TimeoutMs, remote.AttemptTimeoutMs, remote.Attempts, remote.BaseDelayMs, remote.MaxDelayMs) = (5000, 2000, 2, 50, 1000);
                remote.Breaker = new Breaker();
            })
            .AddSingleton(options)
            .AddSingleton<Witnesses>();
    }
}
