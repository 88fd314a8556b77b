using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ConsentLedger.Transparency.Signing;

/// <summary>A log that cannot be signed any more is somebody's business at once. The service still answers: a withdrawal is not refused for it.</summary>
internal sealed class LogHealthCheck(CheckpointSigner signer) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(signer.Refused.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"{signer.Refused.Count} logs are not what was published of them."));
}
