using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Text;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace ConsentLedger.ServiceDefaults;

/// <summary>A request's JSON body, read once and strictly.</summary>
/// <param name="to">Where it was sent to, where that makes it another request.</param>
/// <param name="sent">The bytes it was read from.</param>
public sealed class Body<T>(T value, (string Method, PathString Path)? to, ReadOnlyMemory<byte> sent) : IBindableFromHttpContext<Body<T>>, IEndpointParameterMetadataProvider
{
    public T Value => value;

    /// <summary>Of method, path and the bytes as sent. The path belongs to it: the same key and body for another subject is another request.</summary>
    public Digest Digest => Digest.Of([.. Encoding.UTF8.GetBytes(to is var (method, path) ? $"{method} {path} " : ""), .. sent.Span]);

    /// <summary>The digest alone: what somebody sent does not slip into a log with a record's own text.</summary>
    public override string ToString() => $"{Digest.Value:N}";

    static async ValueTask<Body<T>?> IBindableFromHttpContext<Body<T>>.BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var request = context.Request;
        if (!IsJson(request.ContentType)) throw new RequestRefusedException(KnownProblems.MediaTypeUnsupported);
        var bytes = await ReadAsync(request.BodyReader);
        return StrictJson.TryRead<T>(bytes, out var value, out var problem)
            ? new Body<T>(value, (request.Method, request.Path), bytes)
            : throw new RequestRefusedException(problem);
    }

    /// <summary>Tells routing and OpenAPI what the endpoint takes.</summary>
    static void IEndpointParameterMetadataProvider.PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));

    private static bool IsJson(string? contentType) =>
        contentType == "application/json"
        || (MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)));

    /// <remarks>The server itself ends the reading at the endpoint's limit, or when the caller leaves.</remarks>
    private static async ValueTask<byte[]> ReadAsync(PipeReader body)
    {
        while (true)
        {
            var read = await body.ReadAsync();
            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                body.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
