namespace ConsentLedger.MarketingPreference.Pages;

/// <summary>After something was done, to a page that shows it: what a reload repeats is only the looking.</summary>
/// <param name="location">A path of ours.</param>
internal sealed class SeeOther(string location) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = location;
        return Task.CompletedTask;
    }
}
