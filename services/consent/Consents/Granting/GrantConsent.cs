using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Granting;

/// <summary>A person's yes, as a product backend saw it.</summary>
/// <param name="Until">When it ends by itself; at the latest when the policy says.</param>
/// <param name="Confirm">It is only the first of two steps: nothing is allowed before <see cref="Confirming.ConfirmConsent"/>. So it is, whatever this says, where the policy asks for a double opt-in.</param>
/// <param name="Implied">Concluded from what the person did. Where the policy asks for express consent it is none.</param>
public sealed record GrantConsent(
    string Purpose, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    string? Channel = null, string? Recipient = null, Token? Source = null, Token? Jurisdiction = null, TextShown? Text = null, JsonElement? Evidence = null,
    IReadOnlyList<string>? Scopes = null, DateTimeOffset? Until = null, bool Confirm = false, bool Implied = false) : ISubjectAct
{
    bool ISubjectAct.Restricts => false;

    /// <summary>Comes from an import. Never part of a request body.</summary>
    internal bool Imported { get; init; }

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<GrantConsent>("grants", [.. MayConsent.Codes, "express_needed", "until_passed", "withdrawal_prevails"]);

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        var named = new Named(Purpose, Channel, Recipient, Jurisdiction, Scopes);
        var (text, refusal) = MayConsent.Check(policies, named, Text, subject, Actor, OccurredAt);
        if (refusal is not null) return new Decision.Refuse(refusal);
        var (pack, purpose) = (policies.Current!, policies.Current!.FindPurpose(Purpose)!);
        var version = policies.At(OccurredAt)!.Version;
        if (Implied && purpose.Express) return Decision.No("express_needed", $"The purpose {purpose.Id} needs a consent of its own, and takes none for granted.");
        if (Until is { } end && end <= OccurredAt) return Decision.No("until_passed", "The consent would end before it begins.");

        // By the policy in force, lest a date be a way around it; and by the one of then, whose person was told to expect a mail.
        var confirm = Confirm || purpose.AsksTwice(Channel) || policies.At(OccurredAt)!.FindPurpose(Purpose)?.AsksTwice(Channel) == true;
        var lanes = named.LanesUnder(pack);
        var late = lanes.Where(lane => !subject.Prevails(lane, Actor, OccurredAt)).ToHashSet();
        if (late.Count > 0 && !Actor.IsOwn()) return Decision.No("withdrawal_prevails", "Consent was withdrawn; only the subject's own later act gives it again.");

        var until = MayConsent.EndOf(purpose, OccurredAt, Until);
        var events = lanes.Where(lane => late.Contains(lane) || !Stands(subject, lane, text, until, version)).Select(lane => confirm && !late.Contains(lane)
            ? (object)new ConsentPending(lane, version, OccurredAt, Actor, Method, Source, Jurisdiction, text, OccurredAt.AddDays(purpose.DaysToConfirm()), Until)

            // A late message about an act before the withdrawal is history worth keeping, and no more than that.
            : new ConsentGranted(
                lane, version, OccurredAt, Actor, Method, Source, Jurisdiction, text, !late.Contains(lane), until, subject.Renewed(lane), Implied, Imported)).ToList();
        if (events.Count == 0) return Decision.Unchanged;
        return this.Recording(events) with { Note = late.Count > 0 ? "withdrawal_prevails" : confirm ? "confirmation_needed" : null };
    }

    /// <summary>Whether the same was said before, and saying it again changes nothing.</summary>
    private bool Stands(SubjectConsents subject, Lane lane, TextShown? text, DateTimeOffset? until, string version) =>
        subject.Lanes.TryGetValue(lane, out var state) && state.Given && ((state.IsOwn && !Actor.IsOwn()) || (state.Text == text
        && !(subject.Age?.ConsentsFrom > state.OccurredAt && state.Actor != Actor.Guardian)
        && state.PolicyVersion == version && (state.Until == until || OccurredAt <= state.OccurredAt) && (Actor == state.Actor || !Actor.IsOwn())
        && !subject.WasStoppedSince(lane, state)));
}
