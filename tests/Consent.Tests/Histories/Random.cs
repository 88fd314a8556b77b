using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>Holds a property against random cases. A failure prints the shortest case found, and the seed that finds it again.</summary>
internal static class Random
{
    private static readonly int Cases =
        int.TryParse(Environment.GetEnvironmentVariable("CONSENT_PROPERTY_CASES"), CultureInfo.InvariantCulture, out var cases) ? cases : 100;

    /// <summary>The two numbers that a failure prints, with a comma between them, to see the same cases again.</summary>
    private static readonly ulong[]? Seed = Environment.GetEnvironmentVariable("CONSENT_PROPERTY_SEED")?.Split(',').Select(ulong.Parse).ToArray();

    public static void Check<T>(Arbitrary<T> any, Action<T> property)
    {
        var config = Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithStartSize(10).WithMaxTest(Cases);
        FsCheck.Check.One(Seed is [var seed, var gamma] ? config.WithReplay(new Replay(new Rnd(seed, gamma), null)) : config, Prop.ForAll(any, property));
    }
}
