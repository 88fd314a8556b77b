using ConsentLedger.MarketingPreference.Confirming;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Unsubscribing;

namespace ConsentLedger.MarketingPreference.Links;

public static class LinkRegistration
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Links under the key in <c>Links:KeyFile</c>, leading to <c>Links:PublicUrl</c>.</summary>
    public static IServiceCollection AddLinks(this IServiceCollection services, IConfiguration configuration)
    {
        var publicUrl = new Uri(configuration["Links:PublicUrl"] ?? throw new InvalidOperationException("Links__PublicUrl is not set."));
        var secret = ReadKey(configuration["Links:KeyFile"] ?? throw new InvalidOperationException("Links__KeyFile is not set."));
        return services.AddSingleton(new UnsubscribeLinks(secret, publicUrl)).AddSingleton(new PreferenceLinks(secret, publicUrl)).AddSingleton(new ConfirmationLinks(secret, publicUrl)).AddSingleton<LinkLimit>();
    }

    private static byte[] ReadKey(string path)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("A key file is guarded by its Unix file mode.");
        if ((File.GetUnixFileMode(path) & ~OwnerOnly) != 0) throw new InvalidOperationException($"{path} holds a key: only its owner may read or write it (chmod 600).");
        return File.ReadAllBytes(path);
    }
}
