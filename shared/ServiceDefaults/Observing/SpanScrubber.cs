using System.Diagnostics;
using OpenTelemetry;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// The last stop before export: addresses go, whoever set them. The path of an unsubscribe link is a capability, and a query may hold anything.
/// </summary>
internal sealed class SpanScrubber : BaseProcessor<Activity>
{
    private static readonly string[] Addresses =
    [
        "url.path", "url.query", "url.full", "http.url", "http.target",
        "client.address", "client.socket.address", "http.client_ip", "user_agent.original", "http.user_agent",
    ];

    public override void OnEnd(Activity data)
    {
        foreach (var tag in Addresses)
            if (data.GetTagItem(tag) is not null) data.SetTag(tag, null);

        // A caller's own words, which it may fill with anything. Empty and not null: null would be read as the parent's, which may not have ended yet.
        data.TraceStateString = "";
    }
}
