using ConsentLedger.MarketingPreference.Confirming;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Unsubscribing;

namespace ConsentLedger.MarketingPreference.Links;

public static class LinkRegistration
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Links under the keys in <c>Links:KeyFile</c>, leading to <c>Links:PublicUrl</c>. All of them open what lies in a mailbox: the way out, and the second step of an agreement. The preference centre opens under
    /// the first alone; its links are short-lived, and lead to all of a person's choices.
    /// </summary>
    public static IServiceCollection AddLinks(this IServiceCollection services, IConfiguration configuration)
    {
        var publicUrl = new Uri(configuration["Links:PublicUrl"] ?? throw new InvalidOperationException("Links__PublicUrl is not set."));
        var secrets = ReadKeys(configuration["Links:KeyFile"] ?? throw new InvalidOperationException("Links__KeyFile is not set."));
        return services.AddSingleton(new UnsubscribeLinks(secrets, publicUrl)).AddSingleton(new PreferenceLinks(LinkSigner.First(secrets), publicUrl)).AddSingleton(new ConfirmationLinks(secrets, publicUrl)).AddSingleton<LinkLimit>();
    }

    private static byte[] ReadKeys(string path)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("A key file is guarded by its Unix file mode.");
        if ((File.GetUnixFileMode(path) & ~OwnerOnly) != 0) throw new InvalidOperationException($"{path} holds keys: only its owner may read or write it (chmod 600).");
        return File.ReadAllBytes(path);
    }
}
