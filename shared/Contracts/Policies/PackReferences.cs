namespace ConsentLedger.Contracts.Policies;

/// <summary>A pack refers only to what it declares, so that no decision meets a name without a meaning.</summary>
internal static class PackReferences
{
    public static IEnumerable<PolicyPackError> Check(PolicyPack pack)
    {
        var channels = pack.Channels.ToHashSet();
        var categories = pack.SubjectCategories.ToHashSet();
        var data = pack.DataCategories.Select(d => d.Id).ToHashSet();
        var recipients = pack.Recipients.Select(r => r.Id).ToHashSet();
        var transfers = pack.Transfers.Select(t => t.Id).ToHashSet();
        var purposes = pack.Purposes.Select(p => p.Id).ToHashSet();

        return
        [
            .. pack.Purposes.SelectMany((p, i) => Resolve($"/purposes/{i}/channels", p.Channels, channels)),
            .. pack.Purposes.SelectMany((p, i) => Resolve($"/purposes/{i}/subjectCategories", p.SubjectCategories, categories)),
            .. pack.Purposes.SelectMany((p, i) => Resolve($"/purposes/{i}/data", p.Data, data)),
            .. pack.Purposes.SelectMany((p, i) => Resolve($"/purposes/{i}/recipients", p.Recipients, recipients)),
            .. pack.Purposes.SelectMany((p, i) => Resolve($"/purposes/{i}/transfers", p.Transfers, transfers)),
            .. pack.Processors.SelectMany((p, i) => Resolve($"/processors/{i}/purposes", p.Purposes, purposes)),
            .. pack.Processors.SelectMany((p, i) => Resolve($"/processors/{i}/data", p.Data, data)),
            .. pack.Processors.SelectMany((p, i) => Resolve($"/processors/{i}/transfer", p.Transfer, transfers)),
            .. pack.Transfers.SelectMany((t, i) => Resolve($"/transfers/{i}/recipients", t.Recipients, recipients)),
            .. pack.Transfers.SelectMany((t, i) => Resolve($"/transfers/{i}/purpose", t.Purpose, purposes)),
            .. pack.Topics.SelectMany((t, i) => Resolve($"/topics/{i}/purpose", t.Purpose, purposes)),
            .. pack.Authorisations.SelectMany((a, i) => Resolve($"/authorisations/{i}/purpose", a.Purpose, purposes)),
            .. pack.Changes.Material.SelectMany((m, i) => Resolve($"/changes/material/{i}/purpose", m.Purpose, purposes)),
            .. Resolve("/changes/announcedBy", pack.Changes.AnnouncedBy, channels),
            .. pack.Disclosures.SelectMany((d, i) => Resolve($"/disclosures/{i}/purpose", d.Purpose, purposes)),
            .. Resolve("/tracking/purposes", pack.Tracking?.Purposes ?? [], purposes),
            .. Resolve("/handOver/purpose", pack.HandOver?.Purpose, purposes),
            .. Resolve("/breachNotice/purpose", pack.BreachNotice?.Purpose, purposes),
        ];
    }

    private static IEnumerable<PolicyPackError> Resolve(string path, IEnumerable<string> ids, HashSet<string> declared) =>
        ids.SelectMany((id, i) => Resolve($"{path}/{i}", id, declared));

    private static IEnumerable<PolicyPackError> Resolve(string path, string? id, HashSet<string> declared) =>
        id is null || declared.Contains(id) ? [] : [new(PolicyPackErrors.ReferenceUnresolved, path, $"'{id}' is not declared.")];
}
