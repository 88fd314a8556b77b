using System.CommandLine;
using System.CommandLine.Parsing;
using ConsentLedger.Ledger;
using Microsoft.Extensions.Hosting;

namespace ConsentLedger.Auditor.Witnessing;

/// <summary><c>ledger witness</c> cosigns what logs show it, as long as each only grows; <c>ledger witness new-key</c> makes the key for it.</summary>
internal static class WitnessCommand
{
    private const int Wrong = 2;

    public static Command Build()
    {
        var listen = new Option<Uri>("--listen") { Description = "The address to listen at, such as http://127.0.0.1:7001.", Required = true, CustomParser = ReadAddress };
        var key = new Option<string>("--key") { Description = "The file with this witness's private key.", Required = true };
        var state = new Option<string>("--state") { Description = "The folder in which it remembers what it cosigned. Losing it means a new key.", Required = true };
        var logs = new Option<string[]>("--log")
        {
            Description = "A log's verifier key, name+id+base64, or a file with one a line. More than one may be given.",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var witness = new Command("witness", "Runs a witness: cosigns the checkpoints of logs as long as each only grows (C2SP tlog-witness).\n\n"
            + "Example:\n  ledger witness new-key witness.example/w1 --key w1.key\n  mkdir w1 && ledger witness --listen http://127.0.0.1:7001 --key w1.key --state w1 --log ledger.example/consent/shop+1a2b3c4d+AbCd...") { listen, key, state, logs, NewKey() };
        witness.SetAction((parsed, ct) => RefusableAsync(parsed, async () =>
        {
            using var signing = WitnessKeyFile.Read(parsed.GetRequiredValue(key));
            using var cosigned = new CosignedLogs(new Cosigner(signing, ReadKeys(parsed.GetRequiredValue(logs))), parsed.GetRequiredValue(state));
            var output = parsed.InvocationConfiguration.Output;
            var gate = new Lock();
            await using var server = WitnessServer.Build(cosigned, parsed.GetRequiredValue(listen), TimeProvider.System, Say);
            await server.StartAsync(ct);
            Say($"{signing.Verifier} listens at {string.Join(' ', server.Urls)}");
            await server.WaitForShutdownAsync(ct);

            void Say(string line)
            {
                lock (gate) output.WriteLine(line);
            }
        }));
        return witness;
    }

    private static Command NewKey()
    {
        var name = new Argument<string>("name") { Description = "The witness's name: an address without scheme, such as witness.example/w1." };
        var key = new Option<string>("--key") { Description = "The file to write the private key to. It must not be there yet.", Required = true };
        var command = new Command("new-key", "Makes a key, keeps its private half in a file and prints the other: what logs and auditors are told.") { name, key };
        command.SetAction((parsed, _) => RefusableAsync(parsed, () =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(WitnessKeyFile.Create(parsed.GetRequiredValue(key), parsed.GetRequiredValue(name)));
            return Task.CompletedTask;
        }));
        return command;
    }

    private static Uri? ReadAddress(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && (address.Scheme is "http" or "https")) return address;
        result.AddError("--listen is an http address.");
        return null;
    }

    private static IReadOnlyList<VerifierKey> ReadKeys(IEnumerable<string> logs)
    {
        var keys = new List<VerifierKey>();
        foreach (var text in logs.SelectMany(log => File.Exists(log) ? File.ReadLines(log).Where(line => line.Length > 0) : [log]))
        {
            if (!VerifierKey.TryParse(text, out var key, out var fault)) throw new StateRefusedException($"--log {text}: {fault.Reason}");
            if (key.Type != SignatureType.Ed25519) throw new StateRefusedException($"--log {text}: a log's key is of type Ed25519.");
            keys.Add(key);
        }

        return keys;
    }

    private static async Task<int> RefusableAsync(ParseResult parsed, Func<Task> run)
    {
        try
        {
            await run();
            return 0;
        }
        catch (Exception e) when (e is StateRefusedException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(e.Message);
            return Wrong;
        }
    }
}
