using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Intake;
using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.Pages;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;

namespace ConsentLedger.MarketingPreference.Unsubscribing;

/// <summary>
/// The mail client's one-click (RFC 8058) and the button of the page. The link alone is the authority: no cookie, no sign-in, no redirect, and a repeat
/// is answered like the first: a mail client in a word, a person with a page.
/// </summary>
public static class UnsubscribeByLink
{
    private const int MaxBodyBytes = 4 * 1024;
    private const string Method = "unsubscribe-link";

    public static Problem BodyInvalid { get; } = new(
        StatusCodes.Status400BadRequest, "unsubscribe_body_invalid", "The body is the one form field List-Unsubscribe=One-Click, or confirm=unsubscribe. Nothing was changed.");

    public static void Map(IEndpointRouteBuilder pages) => pages.MapPost("/u/{token}", HandleAsync).AllowAnonymous().WithBodyLimit(MaxBodyBytes).WithMetadata(ShowUnsubscribe.Problems);

    public static Decision Decide(UnsubscribeLink link, Cause cause, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now, Seen? seen = null)
    {
        if (subject.IsErased || subject.HasLeft(link.Topic, link.Channel, now, now)) return Decision.Unchanged;
        if (policies.LastDeclaring(link.Topic, link.Channel) is not { } pack) return Decision.No("topic_undeclared", "No policy heard of here has ever declared this topic.");
        var topic = pack.FindTopic(link.Topic)!;
        return Decision.Of(new Unsubscribed(
            topic.Id, link.Channel, topic.Purpose, pack.BasisOf(topic), cause, Actor.Subject, Method, now, pack.ConsentEndsWith(topic, link.Channel, subject),
            link.DeliveryId, link.RecipientRef, seen));
    }

    private static async Task<IResult> HandleAsync(
        string token, HttpRequest request, UnsubscribeLinks links, LinkLimit limit, DeciderLoop ledger, TellConsent tell, PreferenceReader reader, StateReader states, UnsubscribePage page,
        TimeProvider clock, CancellationToken ct)
    {
        if (links.Find(token, clock.GetUtcNow()) is not { } link) return ShowUnsubscribe.LinkInvalid.To(request);

        // In this order: what says no such thing takes nothing from those who do.
        var lane = new Lane(link.Topic, link.Channel);
        if (await ReadCauseAsync(request, ct) is not { } cause) return await SayAsync(BodyInvalid);
        if (!limit.Allows(link.Stream, lane)) return await SayAsync(LinkLimit.TooManyRequests);

        var seen = Seen.Of(request.Headers.UserAgent, link, clock.GetUtcNow());

        // Not named by the link: whoever came back and leaves again has the same one. How the lane stands is what makes a repeat harmless.
        var command = new Command(link.Stream, SubjectPreferences.Stream, new Digest(Guid.CreateVersion7(clock.GetUtcNow())), default, context =>
            Decide(link, cause, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(link.Tenant)), context.Now, seen))
        {
            Reads = PolicyBook.ReadBy(link.Tenant),
        };
        var outcome = await ledger.ExecuteAsync(command, ct);
        if (outcome is Outcome.Refused) return await SayAsync(ShowUnsubscribe.LinkInvalid);
        if (await tell.OfUnsubscribeAsync(link.Stream, lane, Actor.Subject, Method, ct, outcome as Outcome.Recorded) is { } pending) return await SayAsync(pending);

        // A mail client shows its person nothing of the answer. Who pressed the button of the page gets a page, and the way back on it.
        if (cause == Cause.OneClick) return TypedResults.Text("unsubscribed");
        var events = await states.ReadEventsAsync(link.Stream, ct);
        return page.Done(link, token, outcome is Outcome.Recorded ? UndoUnsubscribe.Closing(events, lane, clock.GetUtcNow()) : null, events, (await reader.ReadAsync(link.Tenant, [], ct)).Policies, request);

        async Task<IResult> SayAsync(Problem problem)
        {
            var policy = (await reader.ReadAsync(link.Tenant, [], ct)).Policies.Current;
            return problem.To(request, Wording.Choose(policy, null, request), policy);
        }
    }

    /// <summary>Exactly one of the two fields, in either encoding; null for anything else.</summary>
    private static async Task<Cause?> ReadCauseAsync(HttpRequest request, CancellationToken ct)
    {
        if (!request.HasFormContentType) return null;
        try
        {
            var form = await request.ReadFormAsync(new FormOptions { ValueCountLimit = 1, MultipartBodyLengthLimit = MaxBodyBytes }, ct);
            if (form is not { Count: 1, Files.Count: 0 }) return null;
            return form.Single() switch
            {
                { Key: "List-Unsubscribe", Value: ["One-Click"] } => Cause.OneClick,
                { Key: "confirm", Value: ["unsubscribe"] } => Cause.Page,
                _ => null,
            };
        }
        catch (Exception malformed) when (malformed is InvalidDataException or IOException and not BadHttpRequestException)
        {
            return null;
        }
    }
}
