using System.Reflection;
using ConsentLedger.EventStore;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ConsentLedger.ServiceDefaults;

/// <summary>What a writing request says about itself in headers.</summary>
/// <param name="FreshId">Names the command where the caller gave it no key.</param>
/// <param name="IdempotencyKey">From <c>Idempotency-Key</c>: the same key again hears the first outcome.</param>
/// <param name="ExpectedVersion">From <c>If-Match</c>.</param>
public sealed record CommandOptions(Digest FreshId, string? IdempotencyKey, long? ExpectedVersion) : IBindableFromHttpContext<CommandOptions>
{
    public const string IdempotencyKeyHeader = "Idempotency-Key";
    public const int MaxIdempotencyKeyLength = 200;

    public static ValueTask<CommandOptions?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var headers = context.Request.Headers;
        return ValueTask.FromResult<CommandOptions?>(new CommandOptions(new Digest(Guid.CreateVersion7(now)), KeyIn(headers), VersionIn(headers)));
    }

    private static string? KeyIn(IHeaderDictionary headers) => headers[IdempotencyKeyHeader] switch
    {
        [] => null,
        [{ Length: > 0 and <= MaxIdempotencyKeyLength } key] when key.All(c => c is >= ' ' and <= '~') => key,
        _ => throw new RequestRefusedException(KnownProblems.IdempotencyKeyInvalid),
    };

    private static long? VersionIn(IHeaderDictionary headers) => headers.IfMatch switch
    {
        [] => null,
        [var only] when EntityTag.TryParse(only, out var version) => version,
        _ => throw new RequestRefusedException(KnownProblems.IfMatchInvalid),
    };
}
