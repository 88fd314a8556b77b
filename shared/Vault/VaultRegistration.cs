using System.Diagnostics.Metrics;
using ConsentLedger.EventStore.Npgsql;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ConsentLedger.Vault;

public static class VaultRegistration
{
    private const string VaultDatabase = "vault";

    /// <summary>
    /// <see cref="SubjectKeys"/> in that database, wrapped under what <c>Vault:KekFolder</c> or <c>Vault:KekFile</c> holds, and wrapped again where another KEK takes over. Whoever registers
    /// it makes the schema before it serves.
    /// </summary>
    public static IServiceCollection AddVault(this IServiceCollection services, IConfiguration configuration, string connectionString) => services
        .AddKeyedSingleton(VaultDatabase, (_, _) => NpgsqlLedger.DataSource(connectionString))
        .AddSingleton(provider => KekOf(configuration, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new SubjectKeys(
            provider.VaultSource(), provider.GetRequiredService<IKekProvider>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<IMeterFactory>()))
        .AddSingleton(provider => new KeyRewrapping(provider.VaultSource(), provider.GetRequiredService<IKekProvider>(), provider.GetRequiredService<IMeterFactory>()))
        .AddHostedService<RewrapKeys>();

    /// <summary>The database that <see cref="AddVault"/> was told of.</summary>
    public static NpgsqlDataSource VaultSource(this IServiceProvider provider) => provider.GetRequiredKeyedService<NpgsqlDataSource>(VaultDatabase);

    private static IKekProvider KekOf(IConfiguration configuration, TimeProvider clock) => (configuration["Vault:KekFile"], configuration["Vault:KekFolder"]) switch
    {
        ({ Length: > 0 } file, null or "") => FileKek.Read(file),
        (null or "", { Length: > 0 } folder) => KekFolder.Read(folder, clock),
        _ => throw new InvalidOperationException("Either Vault__KekFolder or Vault__KekFile has to be set."),
    };
}
