using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Requesting;

/// <param name="Request">The one that answers the asking: a new one, or the one that was there. Null where the asking was refused.</param>
/// <param name="Version">Of the person's stream.</param>
public sealed record Received(Outcome Outcome, PersonRequest? Request, long Version);

/// <summary>Takes requests in, whoever brings them: this service's own API, another standard's, an event.</summary>
public sealed class ReceiveRequests(DeciderLoop ledger, StateReader reader, Patience patience, IdentityVault vault, TimeProvider clock)
{
    /// <param name="command">Names the asking, so that a retry is carried out once.</param>
    /// <param name="body">Of what was asked, as it was sent. It is not kept where that holds anything that identifies a person.</param>
    public async Task<Received> ReceiveAsync(TenantId tenant, ReceiveRequest asked, Digest command, Digest body, CancellationToken ct, long? expectedVersion = null)
    {
        if (ReceiveRequest.Fault(asked, vault) is { } fault) return new Received(new Outcome.Refused(fault), Request: null, Version: 0);
        var (subject, type, id) = (new StreamKey(tenant, asked.Subject.Stream), asked.Type ?? RequestType.Erasure, Guid.CreateVersion7(clock.GetUtcNow()));
        var place = new StreamKey(tenant, new StreamId(id));
        using var key = asked.NeedsVault ? await vault.KeyForAsync(place, ct) : null;

        // The digest of a body is kept for good, so it is of nothing that identifies anybody.
        var said = key is null ? body : Digest.Of("request", $"{asked.Subject} {type} {asked.Reason} {asked.WithdrawAll} {asked.Purpose}");
        Func<SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide = (state, register, now) => ReceiveRequest.Decide(asked, id, state, register, now, key is null ? null : place);
        var outcome = await ledger.ExecuteAsync(
            new Command(subject, SubjectRequests.Stream, command, said, context => decide.Advancing(subject, patience, context))
            {
                ExpectedVersion = expectedVersion,
                Reads = [.. TenantRegister.ReadBy(tenant), (place, SealedIdentities.Stream)],
                Seal = key is null ? null : key.Seal,
            },
            ct);
        var (state, version) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);

        // The asking was answered by another request: nothing is sealed under this one's key.
        if (key is not null && state.Find(id) is null) await vault.DestroyAsync(place, ct);
        return new Received(outcome, outcome is Outcome.Recorded or Outcome.Unchanged ? state.Find(id) ?? state.Answering(type) ?? state.Last(type) : null, version);
    }
}
