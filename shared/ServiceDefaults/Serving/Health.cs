using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Live: the process answers. Serving: so does what its answers rest on, the store; a broker that is away delays events and stops nobody from withdrawing.
/// Ready: every registered check says healthy; degraded is not ready, since a consumer without its broker calls itself that. Strangers read one word; the
/// log says which check.
/// </summary>
public static class Health
{
    /// <summary>Marks a check of what requests cannot be answered without.</summary>
    public const string NeededToServe = "needed-to-serve";

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        Map(endpoints, "/healthz/live", _ => false);
        Map(endpoints, "/healthz/serving", check => check.Tags.Contains(NeededToServe));
        Map(endpoints, "/healthz/ready", _ => true);
    }

    private static void Map(IEndpointRouteBuilder endpoints, string path, Func<HealthCheckRegistration, bool> which) =>
        endpoints.MapHealthChecks(path, new HealthCheckOptions
        {
            Predicate = which,
            ResponseWriter = WriteAsync,
            ResultStatusCodes = { [HealthStatus.Degraded] = StatusCodes.Status503ServiceUnavailable },
        }).AllowAnonymous();

    private static Task WriteAsync(HttpContext context, HealthReport report) =>
        context.Response.WriteAsJsonAsync(new { status = report.Status == HealthStatus.Healthy ? "healthy" : "unhealthy" }, context.RequestAborted);
}
