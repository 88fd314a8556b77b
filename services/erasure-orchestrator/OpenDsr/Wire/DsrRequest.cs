namespace ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

/// <summary>A request as a controller submits it (section 7.1.1). Holds addresses: it is read, matched and sealed, and never stored as it came.</summary>
/// <param name="Regulation">Null where it is left out, as the specification's own example does: then the law is the one that our tenant is under.</param>
/// <param name="Callbacks">Where each change of status is to be told.</param>
public sealed record DsrRequest(
    Guid Id, DsrType Type, string? Regulation, DateTimeOffset SubmittedAt, IReadOnlyList<DsrIdentity> Identities, IReadOnlyList<Uri> Callbacks)
{
    public const int MaxIdentities = 50, MaxCallbacks = 10, MaxText = 1024;

    private static readonly Dictionary<string, bool> Regulations = new(StringComparer.Ordinal) { ["gdpr"] = true, ["ccpa"] = true };

    /// <param name="now">Nobody asked after that.</param>
    public static (DsrRequest? Request, IReadOnlyList<DsrFault> Faults) Read(ReadOnlyMemory<byte> body, DateTimeOffset now) => DsrMembers.Read(body, members =>
    {
        var (id, type, submitted) = (members.Id("subject_request_id"), members.Word("subject_request_type", DsrWords.Types), members.Time("submitted_time"));
        var regulation = members.Word("regulation", Regulations, isRequired: false) is null ? null : members.Text("regulation", 8);
        var identities = members.Many("subject_identities", MaxIdentities, isRequired: true, DsrIdentity.Read);
        var callbacks = members.Texts("status_callback_urls", MaxCallbacks, 2048).Select(url => CallbackOf(url, members)).OfType<Uri>().Distinct().ToList();
        if (members.Text("api_version", 16, isRequired: false) is { } version && version is not ("2" or "2.0" or "1" or "1.0"))
            members.Add(new DsrFault("version_unsupported", "api_version is 1.0 or 2.0."));
        if (submitted > now.AddMinutes(5)) members.Add(DsrFault.Invalid("submitted_time", "is not in the future"));

        // What others extend, they extend for themselves; we extend nothing.
        members.Object("extensions");
        return members.Faults.Count == 0 ? new DsrRequest(id, type!.Value, regulation, submitted, identities, callbacks) : null;
    });

    private static Uri? CallbackOf(string url, DsrMembers members)
    {
        if (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri is { UserInfo: "", Fragment: "" }) return uri;
        members.Add(DsrFault.Invalid("status_callback_urls", "holds absolute URLs without user and fragment"));
        return null;
    }
}

/// <summary>Section 5.3.</summary>
public sealed record DsrIdentity(string Type, DsrFormat Format, string Value)
{
    internal static DsrIdentity? Read(DsrMembers members)
    {
        var type = members.Text("identity_type", 64);
        if (type is not null && !DsrWords.IdentityTypes.Contains(type)) members.Add(DsrFault.Invalid("identity_type", "is one of those that the specification names"));
        var (format, value) = (members.Word("identity_format", DsrWords.Formats), members.Text("identity_value", DsrRequest.MaxText));
        return members.Faults.Count == 0 ? new DsrIdentity(type!, format!.Value, value!) : null;
    }

    /// <summary>The kind of it, which is no secret; never its value, which may slip into a log.</summary>
    public override string ToString() => $"{Type} {DsrWords.NameOf(Format)}";
}
