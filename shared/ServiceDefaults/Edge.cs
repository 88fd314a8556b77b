using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace ConsentLedger.ServiceDefaults;

/// <summary>What every service of the ledger does at its edge, in the order in which a request meets it.</summary>
public static class Edge
{
    /// <summary>Looks for no settings where the process was started, and watches nothing there: a database that writes in that folder would wake the service with every page.</summary>
    public static WebApplicationBuilder CreateBuilder(params string[] args) => WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

    /// <param name="service">The service's name in traces and metrics and over its OpenAPI document.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service)
    {
        builder.Configuration.AddSecretFiles();
        builder.WebHost.ConfigureKestrel(ServerLimits.Apply).UseSockets(Connections.Apply);
        builder.Logging.ClearProviders()
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            // Prints the address of every request; off altogether, it would also give up joining the caller's trace.
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Critical)
            .AddConsole(console => console.FormatterName = LogLines.FormatName)
            .AddConsoleFormatter<LogLines, ConsoleFormatterOptions>();

        var services = builder.Services;
        services.AddClock(builder.Configuration);
        new Telemetry(service, builder.Configuration).AddTo(services);
        services.AddSingleton<DecisionMetrics>();
        services.ConfigureHttpJsonOptions(json => StrictJson.Configure(json.SerializerOptions));
        // The same answer in development as in production.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = false);
        services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(365));
        services.AddHealthChecks();
        services.AddBearerTokens();
        services.AddApiDescription(service);
        return builder;
    }

    /// <summary>Call before mapping endpoints.</summary>
    public static WebApplication UseServiceDefaults(this WebApplication app)
    {
        // A service that knows no issuer or no key would refuse everybody; better that it does not start.
        app.Services.GetRequiredService<IOptionsMonitor<JwtBearerOptions>>().Get(JwtBearerDefaults.AuthenticationScheme);

        app.UseMiddleware<SecurityHeaders>();
        app.UseHsts();
        app.UseMiddleware<RequestSpans>();
        app.UseMiddleware<ProblemResponses>();
        app.UseRouting();
        app.UseMiddleware<Gate>();

        app.MapHealth();
        app.MapApiDescription();
        return app;
    }
}
