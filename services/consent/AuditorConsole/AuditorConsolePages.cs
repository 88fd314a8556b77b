using System.Security.Cryptography;
using ConsentLedger.ServiceDefaults;
using Microsoft.Net.Http.Headers;

namespace ConsentLedger.Consent.AuditorConsole;

/// <summary>The pages below <c>/console</c>, for people who audit. They show what the API answers, and record what it records.</summary>
public static class AuditorConsolePages
{
    public static IServiceCollection AddAuditorConsole(this IServiceCollection services) => services.AddSingleton<SubjectFiles>();

    public static void Map(IEndpointRouteBuilder app)
    {
        SignIn.Map(app);
        StartPage.Map(app);
        ShowSubject.Map(app);
        ShowProof.Map(app);
        MapAsset(app, "console.css", "text/css; charset=utf-8");
        MapAsset(app, "console.js", "text/javascript; charset=utf-8");
        MapAsset(app, "icon.svg", "image/svg+xml");
    }

    /// <summary>Compiled in, and asked for again each time: a page and its style are always of one version.</summary>
    private static void MapAsset(IEndpointRouteBuilder app, string name, string contentType)
    {
        using var stream = typeof(AuditorConsolePages).Assembly.GetManifestResourceStream($"console/{name}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"");
        app.MapGet($"/console/{name}", (HttpResponse response) =>
        {
            response.Headers.CacheControl = "no-cache";
            return TypedResults.Bytes(bytes, contentType, entityTag: tag);
        }).AllowAnonymous().ForBrowsers(SignIn.Pages);
    }
}
