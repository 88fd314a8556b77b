using ConsentLedger.ErasureOrchestrator.Erasures;

namespace ConsentLedger.ErasureOrchestrator.Register;

/// <summary>Somebody who holds data for the tenant and has a part in what people ask for: an entry of the tenant's processor register (GDPR art. 28, 30(1)(d)).</summary>
/// <param name="Id">Lower-case words and dashes; the <c>system</c> of its tasks.</param>
/// <param name="Endpoint">Where it is told: the OpenDSR base or the webhook; absent for what is told otherwise.</param>
/// <param name="Assignee">The team or role that does its part by hand, never a person's name; absent where nobody has to.</param>
/// <param name="Purposes">Of the tenant's policy, those it handles data for.</param>
/// <param name="Domain">An OpenDSR processor's domain, which its answers are signed for.</param>
/// <param name="Secret">The name of the secret that calls and answers are signed with; the secret itself lies with the service's configuration.</param>
/// <param name="Types">What it has a part in; empty for erasure alone.</param>
/// <param name="Keeps">What it keeps of an erased person, and why.</param>
public sealed record Processor(
    string Id,
    string Name,
    ProcessorKind Kind,
    Uri? Endpoint,
    string? Assignee,
    IReadOnlyList<string> Purposes,
    string? Domain = null,
    string? Secret = null,
    IReadOnlyList<RequestType>? Types = null,
    IReadOnlyList<KeepReason>? Keeps = null)
{
    public bool HasAPartIn(RequestType type) => Types is { Count: > 0 } types ? types.Contains(type) : type == RequestType.Erasure;
}

/// <summary>How a processor is told.</summary>
public enum ProcessorKind
{
    /// <summary>One of ours, over RabbitMQ.</summary>
    Service,

    /// <summary>OpenDSR 2.0.</summary>
    OpenDsr,

    /// <summary>A signed HTTP call.</summary>
    Webhook,

    /// <summary>People, by a task list.</summary>
    Manual,
}
