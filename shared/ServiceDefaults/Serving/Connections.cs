using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace ConsentLedger.ServiceDefaults;

/// <summary>A request is a fraction of what it would cost to hand it over from thread to thread.</summary>
internal static class Connections
{
    public static void Apply(SocketTransportOptions sockets)
    {
        // Whichever pool thread hears of a request reads, answers and sends it. Sockets are waited for by a thread of their own all the same, so that an endpoint that blocked would hold up nobody else.
        sockets.UnsafePreferInlineScheduling = true;

        // A connection that waits keeps its 4 KB, and is not read twice for each request.
        sockets.WaitForDataBeforeAllocatingBuffer = false;
    }
}
