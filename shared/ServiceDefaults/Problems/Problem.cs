using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ConsentLedger.ServiceDefaults;

/// <summary>An answer that is not success (RFC 9457): a stable code for programs, a sentence for people, and nothing that the caller sent.</summary>
public sealed record Problem(int Status, string Code, string Title) : IResult
{
    public const string ContentType = "application/problem+json";

    public string? Detail { get; init; }

    /// <summary>Which member of the request body is meant, as a path of plain names.</summary>
    public string? Member { get; init; }

    /// <summary>The version that the stream really has.</summary>
    public long? Version { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        httpContext.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("consentledger.problem", Code));
        if (RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = $"{seconds}";
        if (Version is { } version) response.Headers.ETag = EntityTag.Of(version);
        var trace = Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier;
        var body = new ProblemBody($"urn:consentledger:problem:{Code}", Title, Status, Code, trace, Detail, Member);
        return response.WriteAsJsonAsync(body, StrictJson.Options, ContentType, httpContext.RequestAborted);
    }
}

/// <param name="TraceId">What to quote to whoever runs the service.</param>
public sealed record ProblemBody(string Type, string Title, int Status, string Code, string TraceId, string? Detail = null, string? Member = null);
