using ConsentLedger.Contracts.Policies;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.Consent.Policies;

/// <summary>
/// Publishes what lies in the folder that <c>Policies:Folder</c> names and is not published yet, before the service serves: each controller's files in the
/// order of their names, without the ending.
/// </summary>
/// <remarks>
/// Where a file cannot be published as it stands, the service does not start. It would otherwise decide by a policy that whoever deployed it believes replaced.
/// This strikes only when files change: what was published once is there as it was, so a restart over the same folder finds nothing to do, and replicas that run
/// already go on. Any number of replicas may start at once: each file is published by the first and found by the others.
/// </remarks>
public sealed partial class PolicyFolder(string folder, DeciderLoop ledger, ILogger<PolicyFolder> logger)
{
    public async Task RunAsync(CancellationToken ct)
    {
        if (!Directory.Exists(folder)) throw new PolicyFolderException($"Policies__Folder names {folder}, and there is no such folder.");
        // Without what is below: a mounted folder keeps what it really is in hidden ones.
        var files = Directory.EnumerateFiles(folder, "*.json").OrderBy(Path.GetFileNameWithoutExtension, StringComparer.Ordinal);
        var read = new List<(string File, PolicyPackReading.Accepted Reading)>();
        foreach (var file in files) read.Add((file, Read(file, await File.ReadAllBytesAsync(file, ct))));
        foreach (var controller in read.GroupBy(r => r.Reading.Pack.Tenant)) await PublishAsync(TenantId.Parse(controller.Key), [.. controller], ct);
    }

    /// <summary>All of a controller's files in one decision for each, in turn: none is put in force behind one that is published already.</summary>
    private async Task PublishAsync(TenantId tenant, IReadOnlyList<(string File, PolicyPackReading.Accepted Reading)> files, CancellationToken ct)
    {
        foreach (var (i, (file, reading)) in files.Index())
        {
            if (i > 0 && reading.Pack.Dated < files[i - 1].Reading.Pack.Dated)
                throw new PolicyFolderException($"{file}: dated {reading.Pack.Dated:O}, it comes after {files[i - 1].File}, dated {files[i - 1].Reading.Pack.Dated:O}. Name the files in the order in which they are to be in force.");
            PolicyPack[] later = [.. files.Skip(i + 1).Select(f => f.Reading.Pack)];
            var command = new Command(PolicyBook.Of(tenant), PolicyBook.Stream, Id: null, default, context => Decide(reading, later, context.State<PolicyBook>()));
            switch (await ledger.ExecuteAsync(command, ct))
            {
                case Outcome.Refused { Refusal: var refusal }: throw new PolicyFolderException($"{file}: {refusal.Reason} ({refusal.Code})");
                case Outcome.Recorded: Published(reading.Pack.Tenant, reading.Pack.Version); break;
            }
        }
    }

    public static Decision Decide(PolicyPackReading.Accepted reading, IReadOnlyList<PolicyPack> later, PolicyBook book) =>
        book.Find(reading.Pack.Version) is null && later.FirstOrDefault(pack => book.Find(pack.Version) is not null) is { } published
            ? Decision.No("policy_superseded", $"Version {published.Version}, which comes after it in the folder, is published already. An older version is not put in force again: give it a version and a name that come last.")
            : PublishPolicy.Decide(reading.Pack, book, reading.Locate);

    private static PolicyPackReading.Accepted Read(string file, byte[] bytes)
    {
        if (bytes.Length > PublishPolicy.MaxPackBytes) throw new PolicyFolderException($"{file}: a pack has at most {PublishPolicy.MaxPackBytes} bytes.");
        return PolicyPack.Parse(bytes) switch
        {
            PolicyPackReading.Accepted accepted => accepted,
            PolicyPackReading.Refused refused => throw new PolicyFolderException(string.Join('\n', refused.Errors.Select(e => $"{file}:{e.Line}: {e.Path}: {e.Message} ({e.Code})"))),
            var other => throw new InvalidOperationException($"{other.GetType().Name} is no reading."),
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Version {Version} of the policy of {Tenant} was published from the folder.")]
    private partial void Published(string tenant, string version);
}

/// <summary>The folder contradicts itself, the rules for packs, or what is published.</summary>
public sealed class PolicyFolderException(string message) : Exception(message);

public static class PolicyFolderRegistration
{
    public static IServiceCollection AddPolicyFolder(this IServiceCollection services, IConfiguration configuration) =>
        configuration["Policies:Folder"] is { Length: > 0 } folder
            ? services
                .AddSingleton(provider => new PolicyFolder(folder, provider.GetRequiredService<DeciderLoop>(), provider.GetRequiredService<ILogger<PolicyFolder>>()))
                .AddBeforeServing("ledger", (provider, ct) => provider.GetRequiredService<PolicyFolder>().RunAsync(ct))
            : services;
}
