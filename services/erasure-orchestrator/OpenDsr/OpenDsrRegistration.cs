using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

public static class OpenDsrRegistration
{
    public static IServiceCollection AddOpenDsr(this IServiceCollection services) => FindSubjects.Add(services)
        .AddSingleton(provider => new DsrOffer(DsrSigner.Read(provider.GetRequiredService<IConfiguration>())))
        .AddSingleton<CallbackHosts>()
        .AddSingleton<DsrLookup>()
        .AddSingleton<DsrVault>()
        .AddSingleton<DsrMatching>()
        .AddRemote(DsrWork.Remote, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (500, 5000))
        .AddHostedService<DsrWork>()
        .AddBeforeServing("vault", (provider, ct) => provider.GetRequiredService<DsrVault>().KeepDestroyedAsync(ct));

    public static void MapOpenDsr(this IEndpointRouteBuilder api)
    {
        DsrDiscover.Map(api);
        DsrReceive.Map(api);
        DsrRead.Map(api);
        DsrFetch.Map(api);
        DsrCancel.Map(api);
        DsrMatch.Map(api);
        DsrUnmatchedCases.Map(api);
    }
}
