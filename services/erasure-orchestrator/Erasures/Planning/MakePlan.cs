using ConsentLedger.ErasureOrchestrator.Register;

namespace ConsentLedger.ErasureOrchestrator.Erasures.Planning;

/// <summary>Who does what in a request, and what stays. The same function shows the plan before the request begins and records it as it does.</summary>
public static class MakePlan
{
    /// <param name="asksForAddresses">Whether the consent service can be asked by which addresses others know the person.</param>
    public static ErasurePlanned Of(PersonRequest request, TenantRegister register, bool asksForAddresses = false) =>
        new(request.Id, [.. StepsOf(request, register, asksForAddresses)], request.Type == RequestType.Erasure ? [.. KeptBy(register)] : [], register.Policy?.Version);

    private static IEnumerable<PlannedStep> StepsOf(PersonRequest request, TenantRegister register, bool asksForAddresses)
    {
        var known = register.Settings?.PolicyProcessors == PolicyProcessors.Tasks ? register.Processors : register.Configured.Values;
        var others = known.Where(p => p.HasAPartIn(request.Type)).OrderBy(p => p.Id, StringComparer.Ordinal).ToList();
        if (request.Type == RequestType.Erasure)
        {
            // A withdrawal is announced to those the data went to, which nobody can do for a person who is erased.
            if (request.WithdrawsAll) yield return new PlannedStep(OwnSystems.Withdrawals, ProcessorKind.Service, Phase: 0);

            // Where nobody said by what others know the person, the consent service still does until it erases. An address where the person confirmed may be all that is sealed.
            if (asksForAddresses && others.Count > 0 && (!request.HasIdentities || request.Identity is not null)) yield return new PlannedStep(OwnSystems.Addresses, ProcessorKind.Service, Phase: 0);
            foreach (var system in OwnSystems.All) yield return new PlannedStep(system, ProcessorKind.Service);
        }
        else
        {
            // What is wrong is known to people only; what it is instead is theirs to find out.
            yield return request.Type == RequestType.Rectification
                ? new PlannedStep(OwnSystems.Consent, ProcessorKind.Manual, Assignee: TenantRegister.PrivacyTeam)
                : new PlannedStep(OwnSystems.Consent, ProcessorKind.Service);

            // All that it knows of somebody is theirs.
            if (request.IsForCopy) yield return new PlannedStep(OwnSystems.MarketingPreference, ProcessorKind.Service);
        }

        foreach (var processor in others) yield return new PlannedStep(processor.Id, processor.Kind, Assignee: processor.Assignee);
    }

    private static IEnumerable<Keeping> KeptBy(TenantRegister register)
    {
        foreach (var purpose in register.Policy?.Purposes.Where(p => p.Retention.SurvivesErasure) ?? [])
            yield return new Keeping(KeepReason.RetentionRule, Purpose: purpose.Id);
        foreach (var processor in register.Configured.Values.Where(p => p.HasAPartIn(RequestType.Erasure)))
            foreach (var reason in processor.Keeps ?? [])
                yield return new Keeping(reason, processor.Id);
        if (register.Settings?.PolicyProcessors == PolicyProcessors.Tasks) yield break;
        foreach (var processor in register.OfPolicyOnly) yield return new Keeping(KeepReason.NotConnected, processor.Id);
    }
}
