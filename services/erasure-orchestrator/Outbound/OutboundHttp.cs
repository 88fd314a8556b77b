using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace ConsentLedger.ErasureOrchestrator.Outbound;

/// <summary>The URL, or where its name leads, is none that is called.</summary>
public sealed class AddressRefusedException(string reason) : HttpRequestException(reason);

/// <summary>More came back than anybody has to say.</summary>
public sealed class AnswerTooLongException() : HttpRequestException("The answer is too long.");

/// <summary>
/// Calls URLs that others named: a controller its callbacks, a processor its endpoints. It follows no redirect, keeps no cookie, goes through no proxy, reads a bounded
/// answer, and looks at the address after the name was resolved, at the moment of connecting, so that a name which leads elsewhere the second time leads nowhere.
/// </summary>
public sealed class OutboundHttp : IDisposable
{
    private const int MaxAnswerBytes = 256 * 1024;

    private readonly bool _anywhere;
    private readonly HttpClient _http;

    /// <param name="configuration"><c>Outbound:AllowPrivateNetworks</c> also lets through plain HTTP: for tests, and for processors within one's own walls.</param>
    public OutboundHttp(IConfiguration configuration)
    {
        _anywhere = configuration.GetValue("Outbound:AllowPrivateNetworks", defaultValue: false);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            ConnectCallback = ConnectAsync,
        })
        {
            // The pipeline's is the one that counts.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Whether this may be called at all; where its name leads is found out at the call.</summary>
    public bool MayCall(Uri url) => url is { IsAbsoluteUri: true, UserInfo: "" } && (url.Scheme == Uri.UriSchemeHttps || (_anywhere && url.Scheme == Uri.UriSchemeHttp));

    /// <exception cref="HttpRequestException">Nobody answered, or nobody is asked there.</exception>
    public async Task<OutboundAnswer> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        if (request.RequestUri is not { } url || !MayCall(url)) throw new AddressRefusedException("The URL is not one that is called.");
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        return new OutboundAnswer(answer.StatusCode, answer.Headers, await ReadAsync(answer.Content, ct));
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var endpoint = context.DnsEndPoint;
        var addresses = IPAddress.TryParse(endpoint.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(endpoint.Host, ct);
        var reachable = addresses.Where(address => _anywhere || PublicAddress.Is(address)).ToArray();
        if (reachable.Length == 0) throw new AddressRefusedException("The name does not lead to a public address.");

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(reachable, endpoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken ct)
    {
        await using var stream = await content.ReadAsStreamAsync(ct);
        var (buffer, body) = (new byte[16 * 1024], new MemoryStream());
        while (await stream.ReadAsync(buffer, ct) is > 0 and var count)
        {
            body.Write(buffer, 0, count);
            if (body.Length > MaxAnswerBytes) throw new AnswerTooLongException();
        }

        return body.ToArray();
    }
}

public sealed record OutboundAnswer(HttpStatusCode Status, HttpResponseHeaders Headers, byte[] Body)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The length alone: what somebody answered does not slip into a log with a record's own text.</summary>
    public override string ToString() => $"{(int)Status}, {Body.Length} bytes";
}
