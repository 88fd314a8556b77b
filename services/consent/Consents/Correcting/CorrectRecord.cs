using System.Text.Json;
using ConsentLedger.Consent.Policies;

namespace ConsentLedger.Consent.Consents.Correcting;

/// <summary>Puts right what was recorded wrongly (GDPR art. 16): voids a yes, or says when it was really given and to which text. What was wrong in the evidence is told in the evidence.</summary>
/// <param name="Corrects">The stream version of the wrong event.</param>
/// <param name="Reason">In a word, such as <c>wrong-person</c>.</param>
public sealed record CorrectRecord(
    long Corrects, Token Reason, DateTimeOffset OccurredAt, Actor Actor, Token Method,
    bool Voided = false, DateTimeOffset? DoneAt = null, TextShown? Text = null, Token? Source = null, JsonElement? Evidence = null) : ISubjectAct
{
    bool ISubjectAct.Restricts => Voided;

    public static void Map(IEndpointRouteBuilder api) => api.MapAct<CorrectRecord>("corrections", "nothing_to_correct", "correction_empty", "correction_later", "withdrawal_prevails", "text_undeclared", "text_differs");

    public Decision Decide(SubjectConsents subject, PolicyBook policies, DateTimeOffset now)
    {
        if (!Voided && DoneAt is null && Text is null && Evidence is null) return Decision.No("correction_empty", "A correction says what is wrong: the date, the text, the evidence, or all of it.");
        if (DoneAt > now + SubjectActs.ClockSkew) return Decision.No("occurred_in_future", "doneAt lies in the future.");
        if (DoneAt < SubjectActs.Earliest) return Decision.No("occurred_too_early", "doneAt lies before anything that can be remembered.");
        var (lane, state) = subject.Lanes.FirstOrDefault(l => l.Value.Place.Version == Corrects);
        if (state is null) return Decision.No("nothing_to_correct", "No consent rests on an event of this version.");
        if (DoneAt > state.OccurredAt) return Decision.No("correction_later", "A correction dates a yes earlier, never later: a later yes is an act of its own.");
        if (state.IsNo && (Voided || DoneAt is not null)) return Decision.No("withdrawal_prevails", "A no is never taken back by correcting it; only the subject's own later act gives consent.");

        var text = Text;
        if (Text is not null)
        {
            if (policies.Find(state.PolicyVersion)?.Pack.FindPurpose(lane.Purpose) is not { } purpose) return Decision.No("text_undeclared", "The policy it was given under is not known.");
            (text, var refusal) = Declared.Text(purpose, Text);
            if (refusal is not null) return new Decision.Refuse(refusal);
        }

        return this.Recording(new RecordCorrected(
            Corrects, Voided, DoneAt, text, Reason, OccurredAt, Actor, Method, Source, PolicyVersion: DoneAt is { } done ? policies.At(done)?.Version : null));
    }
}
