using System.Net;
using System.Net.Sockets;
using ConsentLedger.EventStore;
using Polly;

namespace ConsentLedger.Messaging.Receiving;

/// <summary>Something the message needs is away. That is no fault of the message: it waits, for as long as it takes.</summary>
internal static class Outages
{
    public static bool Is(Exception? e, CancellationToken ct) => e switch
    {
        StoreUnavailableException or AppendConflictException or BrokerUnavailableException => true,
        HttpRequestException { StatusCode: null or >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout } => true,
        TimeoutException or SocketException or ExecutionRejectedException => true,

        // An HTTP client that ran out of time says it was cancelled.
        OperationCanceledException => !ct.IsCancellationRequested,
        _ => false,
    };
}
