namespace ConsentLedger.MarketingPreference.Unsubscribing;

public static class LinkRegistration
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Links under the key in <c>Links:KeyFile</c>, leading to <c>Links:PublicUrl</c>.</summary>
    public static IServiceCollection AddUnsubscribeLinks(this IServiceCollection services, IConfiguration configuration)
    {
        var publicUrl = configuration["Links:PublicUrl"] ?? throw new InvalidOperationException("Links__PublicUrl is not set.");
        var links = new UnsubscribeLinks(ReadKey(configuration["Links:KeyFile"] ?? throw new InvalidOperationException("Links__KeyFile is not set.")), new Uri(publicUrl));
        return services.AddSingleton(links).AddSingleton<LinkLimit>();
    }

    private static byte[] ReadKey(string path)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("A key file is guarded by its Unix file mode.");
        if ((File.GetUnixFileMode(path) & ~OwnerOnly) != 0) throw new InvalidOperationException($"{path} holds a key: only its owner may read or write it (chmod 600).");
        return File.ReadAllBytes(path);
    }
}
