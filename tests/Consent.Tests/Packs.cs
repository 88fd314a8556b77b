using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Consent.Tests;

/// <summary>The policies under <c>deploy/policies</c>, as they lie there.</summary>
internal static class Packs
{
    public static TheoryData<string> Tenants { get; } = new("spectral-tms", "assutech", "allure-systems", "quintus", "vms");

    public static PolicyPack Spectral { get; } = Of("spectral-tms");

    public static PolicyPack Of(string tenant) =>
        PolicyPack.Parse(File.ReadAllBytes(Path.Combine(Root(), "deploy", "policies", $"{tenant}.json"))).ShouldBeOfType<PolicyPackReading.Accepted>().Pack;

    /// <summary>The next version of a policy, without some of its purposes.</summary>
    public static PolicyPack Next(this PolicyPack pack, string version, params IEnumerable<string> dropped) =>
        pack with { Version = version, Purposes = [.. pack.Purposes.Where(p => !dropped.Contains(p.Id))] };

    /// <summary>The policy, where it asks for a double opt-in, over these channels or all.</summary>
    public static PolicyPack AskingTwice(this PolicyPack pack, string purpose, params string[] channels) =>
        pack with { Purposes = [.. pack.Purposes.Select(p => p.Id == purpose ? p with { DoubleOptIn = new DoubleOptIn { Channels = channels } } : p)] };

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "ConsentLedger.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("No folder above the tests holds ConsentLedger.sln.");
        return folder.FullName;
    }
}
