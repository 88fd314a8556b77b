using System.Diagnostics;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ConsentLedger.ServiceDefaults;

/// <summary>The one place where exceptions and bare statuses become problems. A bug shows its trace id outside and its stack in the log.</summary>
internal sealed partial class ProblemResponses(RequestDelegate next, ILogger<ProblemResponses> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (IsBare(context.Response)) await BrowserPages.Answer(context, KnownProblems.OfStatus(context.Response.StatusCode)).ExecuteAsync(context);
        }
        catch (Exception e) when (IsOfTheirLeaving(e, context.RequestAborted))
        {
            // Nobody is left to answer.
            if (!context.Response.HasStarted) context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var problem = For(e);
            if (problem.Status >= StatusCodes.Status500InternalServerError) Report(e, problem);
            context.Response.Clear();
            await BrowserPages.Answer(context, problem).ExecuteAsync(context);
        }
    }

    private static bool IsOfTheirLeaving(Exception e, CancellationToken aborted) =>
        e is ConnectionResetException or ConnectionAbortedException || (e is OperationCanceledException or IOException && aborted.IsCancellationRequested);

    private static bool IsBare(HttpResponse response) =>
        response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null };

    private static Problem For(Exception e) => e switch
    {
        RequestRefusedException refused => refused.Problem,
        // Its message may quote the request.
        BadHttpRequestException bad => KnownProblems.OfStatus(bad.StatusCode),
        StoreUnavailableException or AppendConflictException => KnownProblems.StoreUnavailable,
        _ => KnownProblems.InternalError,
    };

    private void Report(Exception e, Problem problem)
    {
        Activity.Current?.SetStatus(ActivityStatusCode.Error, problem.Code).SetTag("error.type", e.GetType().FullName);
        if (problem.Code == KnownProblems.StoreUnavailable.Code) LogUnavailable(logger, e);
        else LogBug(logger, e);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed on a bug.")]
    private static partial void LogBug(ILogger logger, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request failed because the store cannot be reached.")]
    private static partial void LogUnavailable(ILogger logger, Exception e);
}
