using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.Resilience;
using ConsentLedger.ServiceDefaults;
using ConsentLedger.Vault;

namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <summary>Keeps what identifies the persons of requests, each request's under a key of its own; the key's end is theirs.</summary>
/// <param name="keys">Null where the installation has no vault: then nothing that identifies anybody is taken.</param>
public sealed class IdentityVault(SubjectKeys? keys, IEventEngine engine, ErasureLookup lookup)
{
    public bool IsThere => keys is not null;

    /// <summary>Whether people can be asked who they are.</summary>
    public bool CanAsk { get; init; }

    /// <summary>A request's key, made where there is none. The caller disposes it.</summary>
    public Task<SubjectKey> KeyForAsync(StreamKey request, CancellationToken ct) => Keys.GetOrCreateAsync(request, ct);

    /// <summary>A request's key, which the caller disposes; null where it was destroyed or is not there.</summary>
    public async Task<SubjectKey?> FindKeyAsync(StreamKey request, CancellationToken ct) => keys is not null && await keys.FindAsync(request, ct) is KeyAnswer.Present { Key: var key } ? key : null;

    /// <summary>Whether nothing will ever be sealed for this request again.</summary>
    public async Task<bool> IsDestroyedAsync(StreamKey request, CancellationToken ct)
    {
        if (keys is null) return false;
        var answer = await keys.FindAsync(request, ct);
        (answer as KeyAnswer.Present)?.Key.Dispose();
        return answer is KeyAnswer.Erased;
    }

    /// <summary>Whom a request is about; null where that was destroyed, lost or never said.</summary>
    public async Task<SealedIdentities?> OpenAsync(TenantId tenant, Guid request, CancellationToken ct)
    {
        var place = new StreamKey(tenant, new StreamId(request));
        using var key = await FindKeyAsync(place, ct);
        return key is null ? null : SealedIdentities.Of([.. (await engine.ReadSealedAsync(place, ct)).OrderBy(e => e.Key).Select(e => Open(key, e.Key, e.Value)).OfType<SealedIdentities>()]);
    }

    /// <summary>Null for what was sealed under a key that a vault restored from a backup does not have: another one may have taken its place since.</summary>
    private static SealedIdentities? Open(SubjectKey key, long version, byte[] envelope)
    {
        try
        {
            return SealedIdentities.Read(key.Open(version, envelope));
        }
        catch (EnvelopeRefusedException)
        {
            return null;
        }
    }

    /// <summary>Harmless to repeat.</summary>
    public async Task DestroyAsync(StreamKey request, CancellationToken ct)
    {
        await Keys.DestroyAsync(request, ct);
        await engine.PurgeSealedAsync(request, ct);
    }

    /// <summary>A vault restored from a backup has keys again of requests that have ended since. Every start destroys them once more, before anything is served.</summary>
    public async Task KeepDestroyedAsync(CancellationToken ct)
    {
        if (keys is null) return;
        await keys.EnsureSchemaAsync(ct);
        for (var page = await lookup.ReadEndedAsync(after: null, ct); page.Count > 0; page = await lookup.ReadEndedAsync(page[^1], ct))
            await DestroyLivingAsync(page, ct);
    }

    /// <summary>Destroys what of these has a key. What has none costs nothing, however much there is of it.</summary>
    public async Task DestroyLivingAsync(IReadOnlyCollection<StreamKey> ended, CancellationToken ct)
    {
        foreach (var request in await Keys.FindLivingAsync(ended, ct)) await DestroyAsync(request, ct);
    }

    private SubjectKeys Keys => keys ?? throw new InvalidOperationException("This installation has no vault.");
}

public static class IdentityVaultRegistration
{
    /// <summary>In the database that <c>ConnectionStrings:Vault</c> names, where it is set.</summary>
    public static IServiceCollection AddIdentityVault(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration.GetConnectionString("Vault") is not { Length: > 0 } connectionString)
            return services.AddSingleton(provider => new IdentityVault(keys: null, provider.GetRequiredService<IEventEngine>(), provider.GetRequiredService<ErasureLookup>()));

        services.AddVault(configuration, connectionString);
        services.AddSingleton(provider => new IdentityVault(
            provider.GetRequiredService<SubjectKeys>(), provider.GetRequiredService<IEventEngine>(), provider.GetRequiredService<ErasureLookup>())
        {
            CanAsk = provider.GetService<IOutgoingMail>() is not null && provider.GetService<IdentityLinks>() is not null,
        });
        if (configuration["Links:PublicUrl"] is { Length: > 0 } url) services.AddSingleton(new IdentityLinks(new Uri(url)));
        if (MailOf(configuration) is { } mail) services.AddSingleton(mail);
        services.AddRemote(AskWhoItIs.Remote, remote => (remote.BaseDelayMs, remote.MaxDelayMs) = (500, 5000));
        services.AddHostedService<AskWhoItIs>();
        return services.AddBeforeServing("vault", (provider, ct) => provider.GetRequiredService<IdentityVault>().KeepDestroyedAsync(ct));
    }

    private static IOutgoingMail? MailOf(IConfiguration configuration) => (configuration["Mail:Smtp"], configuration["Mail:Folder"]) switch
    {
        ({ Length: > 0 } smtp, _) => new SmtpMail(
            new Uri(smtp), configuration["Mail:From"] ?? throw new InvalidOperationException("Mail__From is not set."), configuration["Mail:User"],
            configuration["Mail:PasswordFile"] is { Length: > 0 } file ? File.ReadAllText(file).Trim() : null)
        {
            StartTls = configuration.GetValue("Mail:StartTls", !new Uri(smtp).IsLoopback),
        },
        (_, { Length: > 0 } folder) => new FileMail(folder, configuration["Mail:From"] ?? throw new InvalidOperationException("Mail__From is not set.")),
        _ => null,
    };
}
