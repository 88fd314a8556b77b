using System.Security.Cryptography;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>The operator rotates the KEK while requests are open, and destroys the one before.</summary>
public sealed class RewrappingTests : IAsyncLifetime
{
    private const string Address = "canary.rotated@example.org", Tenant = "quintus";

    private readonly DirectoryInfo _keks = Directory.CreateTempSubdirectory("keks-");
    private readonly Orchestrator _orchestrator = new();

    public Task InitializeAsync()
    {
        Put("20260101T0000Z.kek");
        return _orchestrator.StartAsync("00:10:00", ("Vault__KekFile", null), ("Vault__KekFolder", _keks.FullName), ("Vault__RewrapEvery", "00:00:00.200"));
    }

    public async Task DisposeAsync()
    {
        await _orchestrator.DisposeAsync();
        _keks.Delete(recursive: true);
    }

    [Fact]
    public async Task What_an_open_request_keeps_sealed_moves_under_the_present_KEK_and_the_one_before_can_go()
    {
        await _orchestrator.PutAsync("/v1/request-settings", new { coolingOffHours = 24 }, Tenant);
        var asked = await _orchestrator.PostAsync("/v1/erasures", new { subject = People.NewSubject().ToString(), identities = new[] { new { type = "email", value = Address } } }, Tenant);
        Put("20260201T0000Z.kek");
        await Eventually.HoldsAsync(() =>
        {
            _orchestrator.Log.ShouldContain("No key is left under 20260101T0000Z.kek");
            return Task.CompletedTask;
        });

        await _orchestrator.KillAsync();
        File.Delete(Path.Combine(_keks.FullName, "20260101T0000Z.kek"));
        await _orchestrator.StartAgainAsync();
        (await _orchestrator.GetAsync($"{asked.Location}/identities", Tenant)).Json.GetProperty("identities")[0].GetProperty("value").GetString().ShouldBe(Address);
    }

    private void Put(string kek)
    {
        var path = Path.Combine(_keks.FullName, kek);
        File.WriteAllBytes(path + ".new", RandomNumberGenerator.GetBytes(32));
        File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(path + ".new", path);
    }
}
