using System.Net;
using System.Net.Sockets;

namespace ConsentLedger.ErasureOrchestrator.Outbound;

/// <summary>Addresses of the public internet (IANA special-purpose registries). Whoever names a URL to us may not reach our own network through us.</summary>
public static class PublicAddress
{
    private static readonly IReadOnlyList<IPNetwork> Special =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        ]).Select(IPNetwork.Parse),
    ];

    // Of IPv6 only what is handed out for use, less documentation and what carries an IPv4 address inside, which would be looked at by nobody.
    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");
    private static readonly IReadOnlyList<IPNetwork> Tunnels = [IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("3fff::/20")];

    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? !Special.Any(network => network.Contains(address))
            : Global.Contains(address) && !Tunnels.Any(network => network.Contains(address));
    }
}
