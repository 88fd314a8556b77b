using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

// A controller's request as a case of its own, from its receipt to its last callback. Its addresses and callback URLs are sealed under a key of the case, which ends with it.

/// <summary>A controller submitted a request. Whom it is about is not known yet.</summary>
/// <param name="Id">The controller's own: <c>subject_request_id</c>.</param>
/// <param name="ExpectedBy">When we said it would be done.</param>
/// <param name="Callbacks">How many URLs want to hear of it.</param>
/// <param name="Instructs">Whether the controller's request is its instruction, too: where the tenant is its processor (GDPR art. 28(3)(a)).</param>
/// <param name="DueOn">The last day that is in time, where the tenant is; null for one that was counted in UTC.</param>
public sealed record DsrReceived(Guid Id, DsrType Type, string? Regulation, DateTimeOffset SubmittedAt, DateTimeOffset ExpectedBy, int Callbacks, bool? Instructs = null, DateOnly? DueOn = null);

/// <summary>The person was found, and the request goes its way.</summary>
/// <param name="Subject">The person.</param>
/// <param name="Request">What it became.</param>
/// <param name="IsOwn">Whether it began with this case; else the person had asked before, and a controller cannot take that back.</param>
public sealed record DsrMatched(Guid Id, Guid Subject, Guid Request, bool IsOwn);

/// <summary>Nobody was found, or several: a person has to look.</summary>
public sealed record DsrUnmatched(Guid Id, Unmatched Reason);

/// <summary>A person looked, and nobody here is the one.</summary>
public sealed record DsrFoundNobody(Guid Id);

/// <summary>The controller took it back while it was pending.</summary>
public sealed record DsrCancelled(Guid Id);

/// <summary>A callback URL took the news.</summary>
/// <param name="Callback">Which of the sealed ones, from 0.</param>
public sealed record DsrTold(Guid Id, int Callback, DsrStatus Status);

/// <summary>A callback URL did not take the news.</summary>
/// <param name="Code">Why, in a word.</param>
/// <param name="RetryAt">When it is told again; null where it is given up.</param>
public sealed record DsrNotTold(Guid Id, int Callback, DsrStatus Status, string Code, DateTimeOffset? RetryAt);

/// <summary>The day draws near, and nobody has said whose request it is.</summary>
/// <param name="DaysLeft">How many days before the day is over this was due.</param>
public sealed record DsrEscalated(Guid Id, int DaysLeft, DateOnly DueOn);

/// <summary>The day is over, and nobody has said whose request it is.</summary>
public sealed record DsrOverdue(Guid Id, DateOnly DueOn);

/// <summary>Addresses and URLs are gone from here, with the key they were sealed under.</summary>
public sealed record DsrForgotten(Guid Id);

/// <summary>Why a person has to look.</summary>
public enum Unmatched
{
    /// <summary>No address leads to anybody.</summary>
    Nobody,

    /// <summary>A family shares the address, or somebody came back: which of them asks, only a person can find out.</summary>
    Several,
}
