namespace ConsentLedger.Contracts.Policies;

/// <summary>What came of reading a pack.</summary>
public abstract record PolicyPackReading
{
    private PolicyPackReading() { }

    public sealed record Accepted : PolicyPackReading
    {
        private readonly JsonLines _lines;

        internal Accepted(PolicyPack pack, JsonLines lines) => (Pack, _lines) = (pack, lines);

        public PolicyPack Pack { get; }

        /// <summary>Puts the lines to what was found wrong with the pack after it was read, and orders it by them.</summary>
        public IReadOnlyList<PolicyPackError> Locate(IEnumerable<PolicyPackError> errors) => [.. errors.Select(e => e with { Line = _lines.At(e.Path) }).OrderBy(e => e.Line)];
    }

    /// <param name="Errors">At least one, in the order of their lines.</param>
    public sealed record Refused(IReadOnlyList<PolicyPackError> Errors) : PolicyPackReading;
}

/// <summary>A breach of the format or of a rule.</summary>
/// <param name="Code">Stable, for programs: one of <see cref="PolicyPackErrors"/>.</param>
/// <param name="Path">A JSON Pointer (RFC 6901) to what is wrong, or to where something is missing.</param>
/// <param name="Message">For people.</param>
/// <param name="Line">From 1; null where the pack was not read from text.</param>
public sealed record PolicyPackError(string Code, string Path, string Message, int? Line = null);

/// <summary>The codes of <see cref="PolicyPackError"/>.</summary>
public static class PolicyPackErrors
{
    public const string Malformed = "pack_malformed";
    public const string MemberDuplicate = "member_duplicate";
    public const string MemberUnknown = "member_unknown";
    public const string MemberMissing = "member_missing";
    public const string ValueInvalid = "value_invalid";

    public const string TenantInvalid = "tenant_invalid";
    public const string VersionInvalid = "version_invalid";
    public const string IdInvalid = "id_invalid";
    public const string IdDuplicate = "id_duplicate";
    public const string ChannelUnknown = "channel_unknown";
    public const string JurisdictionInvalid = "jurisdiction_invalid";
    public const string LocaleMissing = "locale_missing";
    public const string LocaleUndeclared = "locale_undeclared";
    public const string ReferenceUnresolved = "reference_unresolved";
    public const string ControllerUndeclared = "controller_undeclared";
    public const string BasisMissing = "basis_missing";
    public const string InterestMissing = "interest_missing";
    public const string InstructorMissing = "instructor_missing";
    public const string ConsentTextMissing = "consent_text_missing";
    public const string RetentionReasonMissing = "retention_reason_missing";
    public const string TopicChannelOutsidePurpose = "topic_channel_outside_purpose";
    public const string TopicClassMismatch = "topic_class_mismatch";
    public const string ConsentPurposeMissing = "consent_purpose_missing";
    public const string PeriodInvalid = "period_invalid";
    public const string PeriodWithoutConsent = "period_without_consent";
    public const string DoubleOptInWithoutConsent = "double_opt_in_without_consent";
    public const string DoubleOptInOutsidePurpose = "double_opt_in_outside_purpose";
    public const string CapOnTransactional = "cap_on_transactional";
    public const string QuietHoursInvalid = "quiet_hours_invalid";

    // Of a version beside those before it.
    public const string MaterialChangeUndeclared = "policy_material_change_undeclared";
    public const string TextEdited = "policy_text_edited";
}
