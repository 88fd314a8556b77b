using ConsentLedger.ErasureOrchestrator.Erasures.Reading;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Identities;
using ConsentLedger.ErasureOrchestrator.Register;
using ConsentLedger.Vault;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Requesting;

/// <param name="Request">The one that answers the asking: a new one, or the one that was there. Null where the asking was refused.</param>
/// <param name="Version">Of the person's stream.</param>
/// <param name="Identities">What became of those that were given, where the request was there before.</param>
public sealed record Received(Outcome Outcome, PersonRequest? Request, long Version, IdentitiesAnswer? Identities = null);

/// <summary>Takes requests in, whoever brings them: this service's own API, another standard's, an event.</summary>
public sealed class ReceiveRequests(DeciderLoop ledger, StateReader reader, Patience patience, IdentityVault vault, TimeProvider clock)
{
    /// <param name="command">Names the asking, so that a retry is carried out once.</param>
    /// <param name="body">Of what was asked, as it was sent. It is not kept where that holds anything that identifies a person.</param>
    public async Task<Received> ReceiveAsync(TenantId tenant, ReceiveRequest asked, Digest command, Digest body, CancellationToken ct, long? expectedVersion = null)
    {
        if (ReceiveRequest.Fault(asked, vault) is { } fault) return new Received(new Outcome.Refused(fault), Request: null, Version: 0);
        var (subject, type) = (new StreamKey(tenant, asked.Subject.Stream), asked.Type ?? RequestType.Erasure);

        // The digest of a body is kept for good, so it is of nothing that identifies anybody.
        var said = asked.NeedsVault ? Digest.Of("request", $"{asked.Subject} {type} {asked.Reason} {asked.WithdrawAll} {asked.Purpose}") : body;
        while (true)
        {
            var joined = await JoinAsync(subject, asked, ct);
            if (joined.Known + (joined.Asked.Identities?.Count ?? 0) > ReceiveRequest.MostIdentities)
                return new Received(new Outcome.Refused(new Refusal("identities_too_many", $"At most {ReceiveRequest.MostIdentities} identities are taken.")), Request: null, Version: 0);
            var id = command;
            var outcome = await ExecuteAsync(subject, joined, identities => CommandOf(subject, joined, id, said, expectedVersion, identities), ct);
            if (outcome is Outcome.Refused refused && refused.Refusal == ReceiveRequest.Moved)
            {
                // A refusal is remembered under the id of what was refused.
                command = Digest.Of($"{command.Value}", "moved");
                continue;
            }

            var (state, version) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
            var request = outcome is Outcome.Recorded or Outcome.Unchanged ? state.Find(joined.Request) ?? state.Answering(type) ?? state.Last(type) : null;
            return new Received(outcome, request, version, asked.Identities is { Count: > 0 } && request is not null && (joined.Answering || request.Id != joined.Request) ? AnswerOf(joined, request) : null);
        }
    }

    /// <summary>Under which request's key identities are sealed that come now: that of the one which runs, or a new one's. Those that it has already are given no second time.</summary>
    internal async Task<Joining> JoinAsync(StreamKey subject, ReceiveRequest asked, CancellationToken ct)
    {
        if (asked.MayJoin && (await reader.ReadAsync(subject, SubjectRequests.Stream, ct)).State.Answering(asked.Type ?? RequestType.Erasure) is { IsOpen: true } answering)
        {
            // A ledger restored to before the request's end has it open again, and its key is gone for good.
            if (await vault.IsDestroyedAsync(subject with { Id = new StreamId(answering.Id) }, ct)) return new Joining(answering.Id, Answering: true, asked with { Identities = [] }, Known: 0) { IsLost = true };
            var known = answering.HasIdentities ? (await vault.OpenAsync(subject.Tenant, answering.Id, ct))?.Identities ?? [] : [];
            return new Joining(answering.Id, Answering: true, asked with { Identities = [.. asked.Identities!.Except(known)] }, known.Count) { HandedOver = [.. answering.Tasks.Where(t => t.Value.IsHandedOver).Select(t => t.Key)] };
        }

        if (asked.ConfirmAt is not null && await FindWaitingAsync(subject, asked, ct) is { } waiting) return new Joining(waiting, Answering: true, asked with { Identities = [] }, Known: 0);
        return new Joining(Guid.CreateVersion7(clock.GetUtcNow()), Answering: false, asked, Known: 0);
    }

    /// <summary>A request that waits to be confirmed at the same address, and asks for no less. The address is known to the vault only.</summary>
    private async Task<Guid?> FindWaitingAsync(StreamKey subject, ReceiveRequest asked, CancellationToken ct)
    {
        var (state, _) = await reader.ReadAsync(subject, SubjectRequests.Stream, ct);
        var type = asked.Type ?? RequestType.Erasure;
        if (asked.Purpose is not null || state.Answering(type) is not null) return null;
        foreach (var waiting in state.All.Where(r => r.IsUnconfirmed && r.Type == type && (r.WithdrawsAll || !asked.WithdrawAll)))
        {
            if (await vault.OpenAsync(subject.Tenant, waiting.Id, ct) is { } known
                && string.Equals(known.ConfirmAt, asked.ConfirmAt, StringComparison.OrdinalIgnoreCase) && (asked.Identities ?? []).All(known.Identities.Contains))
                return waiting.Id;
        }

        return null;
    }

    /// <summary>Executes what may seal identities, under that request's key.</summary>
    /// <param name="commandOf">Of where they are sealed; of null where none were given.</param>
    internal async Task<Outcome> ExecuteAsync(StreamKey subject, Joining joined, Func<StreamKey?, Command> commandOf, CancellationToken ct)
    {
        var place = subject with { Id = new StreamId(joined.Request) };
        SubjectKey? key = null;
        try
        {
            key = joined.Asked.NeedsVault ? await vault.KeyForAsync(place, ct) : null;
            var command = commandOf(key is null ? null : place);
            var outcome = await ledger.ExecuteAsync(command with { Reads = [.. command.Reads, (place, SealedIdentities.Stream)], Seal = key is null ? null : key.Seal }, ct);

            // The asking was answered by another request: nothing is sealed under this one's key.
            if (key is not null && (await reader.ReadAsync(subject, SubjectRequests.Stream, ct)).State.Find(joined.Request) is null) await vault.DestroyAsync(place, ct);
            return outcome;
        }
        catch (SubjectErasedException) when (joined.Answering)
        {
            // It has ended since, and its key with it.
            return new Outcome.Refused(ReceiveRequest.Moved);
        }
        finally
        {
            key?.Dispose();
        }
    }

    private Command CommandOf(StreamKey subject, Joining joined, Digest command, Digest body, long? expectedVersion, StreamKey? identities)
    {
        Func<SubjectRequests, TenantRegister, DateTimeOffset, Decision> decide = (state, register, now) => ReceiveRequest.Decide(joined.Asked, joined.Request, state, register, now, identities);
        return new Command(subject, SubjectRequests.Stream, command, body, context => decide.Advancing(subject, patience, context))
        {
            ExpectedVersion = expectedVersion,
            Reads = TenantRegister.ReadBy(subject.Tenant),
        };
    }

    private static IdentitiesAnswer AnswerOf(Joining joined, PersonRequest request)
    {
        var kept = joined is { Answering: true, IsLost: false } && request.Id == joined.Request;
        return new IdentitiesAnswer(
            kept, kept && joined.Asked.Identities is not { Count: > 0 } ? [] : [.. request.Tasks.Where(t => t.Value.Kind != ProcessorKind.Service && t.Value.Stage != TaskStage.Planned).Select(t => t.Key).Except(joined.HandedOver)]);
    }
}

/// <param name="Request">The one whose key it is, or will be.</param>
/// <param name="Answering">It runs already.</param>
/// <param name="Asked">With the identities only that it does not have.</param>
/// <param name="Known">How many it has.</param>
internal sealed record Joining(Guid Request, bool Answering, ReceiveRequest Asked, int Known)
{
    /// <summary>Systems that were not told for want of identities, and are now.</summary>
    public IReadOnlyCollection<string> HandedOver { get; init; } = [];

    /// <summary>Nothing that identifies the person can be sealed for it any more.</summary>
    public bool IsLost { get; init; }
}
