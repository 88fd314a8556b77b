using Microsoft.Extensions.Logging;

namespace ConsentLedger.Messaging;

// Types of exceptions, never their texts: a text may quote what a person wrote.
internal static partial class MessagingLog
{
    [LoggerMessage(1, LogLevel.Warning, "The relay could not publish to {Exchange} ({Error}, attempt {Attempt}). It goes on from the first unconfirmed event in {DelayMs} ms.")]
    public static partial void PublishFailed(this ILogger log, string exchange, string error, int attempt, double delayMs);

    [LoggerMessage(2, LogLevel.Error, "The relay cannot say to {Exchange} what {Tenant} has at position {Position}, a {Type} ({Error}). That tenant's events wait from there on, for a release that can.")]
    public static partial void LeftAside(this ILogger log, string exchange, string tenant, string type, long position, string error);

    [LoggerMessage(3, LogLevel.Warning, "A message of {Queue} could not be handled ({Error}, attempt {Attempt}). It is tried again in {DelayMs} ms.")]
    public static partial void HandlingFailed(this ILogger log, string queue, string error, int attempt, double delayMs);

    [LoggerMessage(4, LogLevel.Error, "A message of {Queue} was parked: {Code}, {Reason}")]
    public static partial void Parked(this ILogger log, string queue, string code, string reason);

    [LoggerMessage(5, LogLevel.Error, "The sender of a message parked from {Queue} could not be told ({Error}).")]
    public static partial void NotAnswered(this ILogger log, string queue, string error);

    [LoggerMessage(6, LogLevel.Information, "Connected to the broker.")]
    public static partial void Connected(this ILogger log);

    [LoggerMessage(7, LogLevel.Warning, "The broker cannot be reached ({Error}). It is asked again in {DelayMs} ms.")]
    public static partial void NotConnected(this ILogger log, string error, double delayMs);

    [LoggerMessage(8, LogLevel.Warning, "Nothing more was received over a connection that is closed. Receiving began anew over another.")]
    public static partial void BeganAnew(this ILogger log);

    /// <summary>The kind of failure, from the outside in.</summary>
    public static string Kind(this Exception e) => e.InnerException is { } inner ? $"{e.GetType().Name}: {Kind(inner)}" : e.GetType().Name;
}
