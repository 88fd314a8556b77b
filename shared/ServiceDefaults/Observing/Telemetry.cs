using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
#if !OPENTELEMETRY_HOSTING
using Microsoft.Extensions.Hosting;
#endif

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Sends traces and metrics over OTLP for as long as the service runs, where an endpoint is configured. The exporter reads the other
/// OTEL_ settings itself.
/// </summary>
internal sealed class Telemetry(string service, IConfiguration configuration)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    // Not the broker libraries' own: a listener makes RabbitMQ.Client put its span in the place of ours, and MassTransit's does not join the trace.
    private static readonly string[] Sources = ["Microsoft.AspNetCore", "Npgsql", "ConsentLedger.*"];
    private static readonly string[] Meters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Npgsql", "MassTransit", "Polly", "ConsentLedger.*"];

    public void AddTo(IServiceCollection services)
    {
        if (string.IsNullOrEmpty(configuration[Endpoint])) return;
#if OPENTELEMETRY_HOSTING
        services.AddOpenTelemetry().WithTracing(Configure).WithMetrics(Configure);
#else
        services.AddHostedService(_ => new Exporting(this));
#endif
    }

    private void Configure(TracerProviderBuilder traces) => traces
        .ConfigureServices(services => services.AddSingleton(configuration))
        .ConfigureResource(Describe)
        .AddSource(Sources)
        .AddProcessor(new SpanScrubber())
        .AddOtlpExporter();

    private void Configure(MeterProviderBuilder metrics) => metrics
        .ConfigureServices(services => services.AddSingleton(configuration))
        .ConfigureResource(Describe)
        .AddMeter(Meters)
        .AddOtlpExporter();

    private void Describe(ResourceBuilder resource) => resource.AddService(
        serviceName: service,
        serviceVersion: Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion);

#if !OPENTELEMETRY_HOSTING
    /// <summary>What OpenTelemetry.Extensions.Hosting does, where the package source lacks it.</summary>
    private sealed class Exporting(Telemetry telemetry) : IHostedService, IDisposable
    {
        private TracerProvider? _traces;
        private MeterProvider? _metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            var traces = Sdk.CreateTracerProviderBuilder();
            telemetry.Configure(traces);
            _traces = traces.Build();
            var metrics = Sdk.CreateMeterProviderBuilder();
            telemetry.Configure(metrics);
            _metrics = metrics.Build();
            return Task.CompletedTask;
        }

        /// <summary>What is still waiting is sent when the providers are disposed.</summary>
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            _traces?.Dispose();
            _metrics?.Dispose();
        }
    }
#endif
}
