using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ConsentLedger.Resilience;

public static class RemoteRegistration
{
    /// <summary>Names a remote. Its options are read and checked before anything starts: a wrong or misspelt one ends the process there.</summary>
    /// <param name="unlessConfigured">What holds where <c>Resilience:&lt;name&gt;</c> says nothing.</param>
    public static IServiceCollection AddRemote(this IServiceCollection services, string name, Action<Remote> unlessConfigured)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.TryAddSingleton<RemoteMetrics>();
        services.TryAddSingleton<Remotes>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<Remote>, RemoteValidation>());
        services.AddOptions<Remote>(name)
            .Configure(unlessConfigured)
            .BindConfiguration(Section(name), binding => binding.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        return services;
    }

    internal static string Section(string? name) => $"Resilience:{name}";
}

internal sealed class RemoteValidation : IValidateOptions<Remote>
{
    public ValidateOptionsResult Validate(string? name, Remote options)
    {
        var faults = options.Faults().Select(fault => $"{RemoteRegistration.Section(name)}:{fault}.").ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
