using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ConsentLedger.ServiceDefaults;

internal static class ServerLimits
{
    public static void Apply(KestrelServerOptions server)
    {
        server.AddServerHeader = false;
        server.Limits.MaxRequestBodySize = BodyLimits.DefaultBytes;
        server.Limits.MaxRequestHeaderCount = 64;
        server.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        // Room for an absurd id to reach routing, so that it hears a problem with a code and not a bare 414.
        server.Limits.MaxRequestLineSize = 32 * 1024;
        server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
    }
}
