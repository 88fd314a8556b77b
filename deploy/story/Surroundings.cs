namespace ConsentLedger.Story;

/// <summary>Where everything is, as <c>.local/env</c> tells any client.</summary>
internal sealed record Surroundings(Uri Consent, Uri Preference, Uri Erasure, Uri Broker, string TokensFolder, string? ShellTenant)
{
    public static Surroundings FromEnvironment() => new(
        Address("CONSENT_URL"), Address("PREFERENCE_URL"), Address("ERASURE_URL"), Address("AMQP_URL"), Setting("TOKENS_DIR"), Environment.GetEnvironmentVariable("TENANT"));

    public string TokenOf(string tenant, string role)
    {
        var file = Path.Combine(TokensFolder, $"{tenant}.{role}");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : throw new StoryBrokenException($"{tenant} has no token for the role {role} in the folder that TOKENS_DIR names.");
    }

    private static Uri Address(string name) =>
        Uri.TryCreate(Setting(name), UriKind.Absolute, out var address) ? address : throw new StoryBrokenException($"{name} is not an address.");

    // A container has what is secret in a file.
    private static string Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
        ? value
        : Environment.GetEnvironmentVariable($"{name}_FILE") is { Length: > 0 } file
        ? File.ReadAllText(file).Trim()
        : throw new StoryBrokenException($"{name} is not set. Load the environment first: . .local/env");
}
