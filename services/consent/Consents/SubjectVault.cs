using System.Diagnostics.Metrics;
using System.Text.Json;
using ConsentLedger.EventStore.Npgsql;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;
using Npgsql;

namespace ConsentLedger.Consent.Consents;

/// <summary>What proves an act and identifies its person. It only ever leaves this process sealed under that person's key.</summary>
public static class SubjectVault
{
    public static ReadOnlyMemory<byte> Bytes(this JsonElement? evidence) =>
        evidence is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } given ? JsonSerializer.SerializeToUtf8Bytes(given) : default;

    /// <summary>The key to seal this evidence with; null where there is none, or where the person was erased and the decider will refuse anyway.</summary>
    public static async Task<SubjectKey?> KeyForAsync(this SubjectKeys keys, StreamKey subject, JsonElement? evidence, CancellationToken ct)
    {
        if (evidence.Bytes().IsEmpty) return null;
        try
        {
            return await keys.GetOrCreateAsync(subject, ct);
        }
        catch (SubjectErasedException)
        {
            return null;
        }
    }

    /// <summary>
    /// The command with what seals its evidence. The digest of its body is kept for repeats, and may not say anything of the evidence once the key is gone. For an erased
    /// person there is no key, and the refusal needs no remembering: it will not change.
    /// </summary>
    public static Command Sealing(this Command command, JsonElement? evidence, SubjectKey? key) => (key, evidence.Bytes().IsEmpty) switch
    {
        ({ } sealing, _) => command with { Seal = sealing.Seal, Body = sealing.Mask(command.Body) },
        (null, true) => command,
        (null, false) => command with { Id = null },
    };

    public static IServiceCollection AddSubjectKeys(this IServiceCollection services, IConfiguration configuration)
    {
        var connectionString = configuration.GetConnectionString("Vault") ?? throw new InvalidOperationException("ConnectionStrings__Vault is not set.");
        services.AddKeyedSingleton("vault", (_, _) => NpgsqlLedger.DataSource(connectionString));
        services.AddSingleton(provider => KekOf(configuration, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new SubjectKeys(
            provider.GetRequiredKeyedService<NpgsqlDataSource>("vault"), provider.GetRequiredService<IKekProvider>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<IMeterFactory>()));
        services.AddSingleton(provider => new KeyRewrapping(
            provider.GetRequiredKeyedService<NpgsqlDataSource>("vault"), provider.GetRequiredService<IKekProvider>(), provider.GetRequiredService<IMeterFactory>()));
        services.AddSingleton(provider => new AddressIndex(
            provider.GetRequiredKeyedService<NpgsqlDataSource>("vault"), provider.GetRequiredService<IKekProvider>(), provider.GetRequiredService<SubjectKeys>()));
        services.AddHostedService<RewrapKeys>();
        return services.AddBeforeServing("vault", async (provider, ct) =>
        {
            await provider.GetRequiredService<SubjectKeys>().EnsureSchemaAsync(ct);
            await provider.GetRequiredService<AddressIndex>().EnsureSchemaAsync(ct);
        });
    }

    private static IKekProvider KekOf(IConfiguration configuration, TimeProvider clock) => (configuration["Vault:KekFile"], configuration["Vault:KekFolder"]) switch
    {
        ({ Length: > 0 } file, null or "") => FileKek.Read(file),
        (null or "", { Length: > 0 } folder) => KekFolder.Read(folder, clock),
        _ => throw new InvalidOperationException("Either Vault__KekFolder or Vault__KekFile has to be set."),
    };
}
