using ConsentLedger.ErasureOrchestrator.Identities;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>Opens and destroys what is sealed in cases.</summary>
public sealed class DsrVault(IdentityVault vault, IEventEngine engine, DsrLookup lookup)
{
    /// <summary>Null where it was destroyed, or its key was lost with a vault.</summary>
    public async Task<SealedCase?> OpenAsync(StreamKey stream, CancellationToken ct)
    {
        using var key = await vault.FindKeyAsync(stream, ct);
        return key is not null && (await engine.ReadSealedAsync(stream, ct)).TryGetValue(SealedCase.Version, out var envelope) ? SealedCase.Read(key.Open(SealedCase.Version, envelope)) : null;
    }

    /// <summary>Harmless to repeat.</summary>
    public Task DestroyAsync(StreamKey stream, CancellationToken ct) => vault.DestroyAsync(stream, ct);

    /// <summary>A vault restored from a backup has keys again of cases that are over since. Every start destroys them once more, before anything is served.</summary>
    public async Task KeepDestroyedAsync(CancellationToken ct)
    {
        if (!vault.IsThere) return;
        for (var page = await lookup.ReadAsync(forgotten: true, after: null, ct); page.Count > 0; page = await lookup.ReadAsync(forgotten: true, page[^1], ct))
            await vault.DestroyLivingAsync([.. page.Select(c => DsrCase.KeyOf(c.Tenant, c.Id))], ct);
    }
}
