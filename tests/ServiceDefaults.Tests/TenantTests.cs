namespace ConsentLedger.ServiceDefaults.Tests;

public sealed class TenantTests(EdgeHost host) : IClassFixture<EdgeHost>
{
    private const string Path = $"/v1/subjects/{EdgeHost.Subject}/notes";

    [Fact]
    public async Task A_token_acts_for_its_own_tenant()
    {
        ((string?)(await host.GetAsync(Path)).Json["tenant"]).ShouldBe("assutech");
        ((string?)(await host.GetAsync(Path, null, ("X-Tenant", "assutech"))).Json["tenant"]).ShouldBe("assutech");
    }

    [Theory]
    [InlineData("quintus")]
    [InlineData("*")]
    [InlineData("ASSUTECH")]
    public async Task A_token_never_acts_for_another_tenant(string tenant) =>
        (await host.GetAsync(Path, null, ("X-Tenant", tenant))).ShouldBeProblem(403, "tenant_mismatch").Text.ShouldNotContain(tenant);

    [Fact]
    public async Task A_services_token_names_the_tenant_it_acts_for() =>
        ((string?)(await host.GetAsync(Path, Service(), ("X-Tenant", "quintus"))).Json["tenant"]).ShouldBe("quintus");

    [Theory]
    [InlineData(null)]
    [InlineData("*")]
    [InlineData("no tenant")]
    public async Task A_services_token_without_a_tenant_is_refused(string? tenant) =>
        (await host.GetAsync(Path, Service(), tenant is null ? [] : [("X-Tenant", tenant)])).ShouldBeProblem(400, "tenant_required");

    [Fact]
    public async Task Two_tenants_in_one_request_are_refused()
    {
        var (status, text) = await RawHttp.GetAsync(host.Address, Path, $"Authorization: Bearer {Service()}", "X-Tenant: quintus", "X-Tenant: vms");
        status.ShouldBe(400);
        text.ShouldContain("\"tenant_required\"");
        var own = $"Authorization: Bearer {host.Issuer.Token()}";
        (await RawHttp.GetAsync(host.Address, Path, own, "X-Tenant: assutech", "X-Tenant: quintus")).Status.ShouldBe(403);
    }

    private string Service() => host.Issuer.Token(Issuer.Claims(tenant: "*"));
}
