using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace ConsentLedger.Ledger.Tests;

/// <summary>What holds for all inputs. A failure prints the smallest found, and the seed that finds it again.</summary>
internal static class Properties
{
    private static readonly int Cases = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_PROPERTY_CASES"), CultureInfo.InvariantCulture, out var cases) ? cases : 200;

    /// <summary>The two numbers that a failure prints, with a comma between them, to see the same inputs again.</summary>
    private static readonly ulong[]? Seed = Environment.GetEnvironmentVariable("LEDGER_PROPERTY_SEED")?.Split(',').Select(ulong.Parse).ToArray();

    public static void Hold<T>(Arbitrary<T> any, Action<T> property)
    {
        var config = Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(Cases);
        Check.One(Seed is [var seed, var gamma] ? config.WithReplay(new Replay(new Rnd(seed, gamma), null)) : config, Prop.ForAll(any, property));
    }
}
