using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

namespace ConsentLedger.ErasureOrchestrator.OpenDsr;

/// <summary>An answer to a controller, signed as it goes out: also a refusal, so that nobody in between can refuse in our name.</summary>
internal sealed record DsrResult(int Status, byte[] Body) : IResult
{
    public static DsrResult Of<T>(int status, T message) => new(status, DsrJson.Write(message));

    public static DsrResult Refused(params IReadOnlyList<DsrFault> faults) => Of(StatusCodes.Status400BadRequest, DsrError.Of(StatusCodes.Status400BadRequest, faults));

    public static DsrResult NotFound { get; } = Of(StatusCodes.Status404NotFound, DsrError.Of(StatusCodes.Status404NotFound, new DsrFault("not_found", "No request of this controller has this subject_request_id.")));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        Sign(httpContext, Body);
        (response.StatusCode, response.ContentType, response.ContentLength) = (Status, "application/json", Body.Length);
        await response.Body.WriteAsync(Body, httpContext.RequestAborted);
    }

    /// <summary>The headers that vouch for a body, to be set before it goes out.</summary>
    public static void Sign(HttpContext context, byte[] body)
    {
        if (context.RequestServices.GetRequiredService<DsrOffer>().Signer is not { } signer) return;

        // By whichever name it was called (section 10.1).
        var headers = context.Request.Path.StartsWithSegments("/v1") ? DsrHeaders.OpenGdpr : DsrHeaders.OpenDsr;
        context.Response.Headers[headers.Domain] = signer.Domain;
        context.Response.Headers[headers.Signature] = signer.Sign(body);
    }
}
