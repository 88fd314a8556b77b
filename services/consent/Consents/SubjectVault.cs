using System.Text.Json;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

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
        services.AddVault(configuration, connectionString);
        services.AddSingleton(provider => new AddressIndex(provider.VaultSource(), provider.GetRequiredService<IKekProvider>(), provider.GetRequiredService<SubjectKeys>()));
        return services.AddBeforeServing("vault", async (provider, ct) =>
        {
            await provider.GetRequiredService<SubjectKeys>().EnsureSchemaAsync(ct);
            await provider.GetRequiredService<AddressIndex>().EnsureSchemaAsync(ct);
        });
    }
}
