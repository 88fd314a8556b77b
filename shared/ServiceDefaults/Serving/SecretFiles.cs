using Microsoft.Extensions.Configuration;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// Settings that are nobody else's business, one a file in the folder that <c>Secrets:Folder</c> names: a file <c>Broker__Uri</c> holds what the
/// environment variable of that name would, and prevails over it. Read once, at the start.
/// </summary>
internal static class SecretFiles
{
    public static void AddSecretFiles(this IConfigurationManager configuration)
    {
        if (configuration["Secrets:Folder"] is not { Length: > 0 } folder) return;
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"Secrets__Folder names {folder}, and there is no such folder. Mount the secrets there.");
        configuration.AddKeyPerFile(folder);
    }
}
