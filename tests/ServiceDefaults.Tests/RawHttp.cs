using System.Net.Sockets;
using System.Text;

namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>Bytes on a socket, for requests that no client library would send.</summary>
internal static class RawHttp
{
    public static async Task<(int Status, string Text)> SendAsync(Uri address, byte[] request)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, timeout.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(request, timeout.Token);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (await stream.ReadAsync(buffer, timeout.Token) is > 0 and var read) text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        return (int.Parse(text.ToString(9, 3)), text.ToString());
    }

    public static Task<(int Status, string Text)> PostAsync(
        Uri address, string path, string token, byte[] body, string contentType = "application/json", params string[] headers) =>
        SendAsync(address,
        [
            .. Encoding.Latin1.GetBytes(
                $"POST {path} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: {contentType}\r\n"
                + string.Concat(headers.Select(h => h + "\r\n")) + $"Content-Length: {body.Length}\r\n\r\n"),
            .. body,
        ]);

    public static Task<(int Status, string Text)> GetAsync(Uri address, string path, params string[] headers) =>
        SendAsync(address, Encoding.Latin1.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\nConnection: close\r\n" + string.Concat(headers.Select(h => h + "\r\n")) + "\r\n"));
}
