using System.Collections.Concurrent;
using ConsentLedger.Consent.Decisions.Audiences;
using ConsentLedger.Consent.Decisions.Many;
using ConsentLedger.Resilience;

namespace ConsentLedger.Consent.Decisions;

/// <summary>Reads what decisions rest on, from memory that follows each tenant's log: as current as asked for, and by default strictly.</summary>
/// <param name="capacity">How many subjects of one tenant are kept in memory.</param>
public sealed class CurrentSubjects(IEventEngine engine, EventCatalog catalog, TimeProvider clock, int capacity = CurrentSubjects.DefaultCapacity)
{
    public const int DefaultCapacity = 100_000;

    private readonly ConcurrentDictionary<TenantId, TenantSubjects> _tenants = [];

    /// <param name="remember">False for whoever passes by with so many subjects that they would push out those asked about often.</param>
    /// <exception cref="StoreUnavailableException">The log could not be asked: there is no answer that holds.</exception>
    public Task<SubjectsAsOf> ReadAsync(TenantId tenant, IReadOnlyList<StreamId> subjects, Freshness freshness, CancellationToken ct, bool remember = true) =>
        _tenants.GetOrAdd(tenant, name => new TenantSubjects(name, engine, catalog, clock, capacity)).ReadAsync(subjects, freshness, remember, ct);
}

public static class DecisionsRegistration
{
    public static IServiceCollection AddDecisions(this IServiceCollection services, IConfiguration configuration)
    {
        var capacity = configuration.GetValue("Decisions:SubjectsInMemory", CurrentSubjects.DefaultCapacity);
        if (capacity < 1) throw new InvalidOperationException("Decisions__SubjectsInMemory is at least 1.");
        services.AddSingleton(provider => new CurrentSubjects(
            provider.GetRequiredService<IEventEngine>(), provider.GetRequiredService<EventCatalog>(), provider.GetRequiredService<TimeProvider>(), capacity));
        services.AddSingleton<AudienceReader>();
        services.AddRemote(SubjectFacts.Name, following => (following.BaseDelayMs, following.MaxDelayMs) = (500, 30_000));
        services.AddSingleton<SubjectFacts>();
        var answers = configuration.GetValue("Decisions:AnswersInMemory", ManyDecisions.DefaultCapacity);
        if (answers < 1) throw new InvalidOperationException("Decisions__AnswersInMemory is at least 1.");
        services.AddSingleton(provider => new ManyDecisions(
            provider.GetRequiredService<IEventEngine>(), provider.GetRequiredService<EventCatalog>(), provider.GetRequiredService<SubjectFacts>(), provider.GetRequiredService<CurrentSubjects>(),
            provider.GetRequiredService<TimeProvider>(), answers));
        return services.AddHostedService<FollowingFacts>();
    }
}
