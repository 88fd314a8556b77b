using ConsentLedger.Contracts.Policies;

namespace ConsentLedger.Contracts.Tests.Policies;

/// <summary>The packs under <c>deploy/policies</c>, as they lie there.</summary>
internal static class Packs
{
    public static TheoryData<string> Tenants { get; } = new("spectral-tms", "assutech", "allure-systems", "quintus", "vms");

    public static byte[] Bytes(string tenant) => File.ReadAllBytes(Path.Combine(Root(), "deploy", "policies", $"{tenant}.json"));

    public static PolicyPack Of(string tenant) => PolicyPack.Parse(Bytes(tenant)).ShouldBeOfType<PolicyPackReading.Accepted>().Pack;

    public static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ConsentLedger.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("No folder above the tests holds ConsentLedger.sln.");
    }
}
