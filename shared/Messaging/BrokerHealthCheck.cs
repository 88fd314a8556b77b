using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConsentLedger.Messaging;

/// <summary>Unhealthy as soon as nothing can be published or consumed. MassTransit's own check says Degraded, with status 200, beside a dead broker.</summary>
internal sealed class BrokerHealthCheck(BrokerConnection broker, IsConsuming? isConsuming = null) : IHealthCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            await broker.GetAsync(cancellationToken).WaitAsync(Limit, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"The broker cannot be reached ({e.Kind()}).");
        }

        return isConsuming?.Invoke() ?? true
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("Not every queue is being consumed.");
    }
}

/// <summary>Whether every queue of this service has its consumer.</summary>
internal delegate bool IsConsuming();
