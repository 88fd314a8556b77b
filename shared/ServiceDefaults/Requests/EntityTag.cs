using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace ConsentLedger.ServiceDefaults;

/// <summary>A stream's version as a strong ETag (RFC 9110, section 8.8.3): <c>"3"</c>.</summary>
public static class EntityTag
{
    public static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>Takes back only what <see cref="Of"/> gave: no weak tags, no lists, no other spelling of the number.</summary>
    public static bool TryParse(string? text, out long version)
    {
        version = 0;
        return text is ['"', .. var digits, '"']
            && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out version)
            && Of(version) == text;
    }

    /// <summary>Adds the ETag of <paramref name="version"/> to an answer.</summary>
    public static IResult WithEntityTag(this IResult result, long version) => new WithEntityTag(version, result);
}

internal sealed class WithEntityTag(long version, IResult inner) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.ETag = EntityTag.Of(version);
        return inner.ExecuteAsync(httpContext);
    }
}
