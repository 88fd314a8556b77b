using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Changing;
using ConsentLedger.MarketingPreference.Unsubscribing;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Intake;

/// <summary>
/// What comes back from the world, signed by the tenant's mail system: events of providers as JSON, and mails as they are. Whatever it asks for is done; it is answered when the
/// consent service knows too, and the same request again does what is left to do.
/// </summary>
public sealed class TakeIn(DeciderLoop ledger, AddressReader addresses, UnsubscribeLinks links, PreferenceReader reader, TellConsent tell, TimeProvider clock)
{
    private const int MaxEventsBytes = 1024 * 1024, MaxMessageBytes = 1024 * 1024, MaxEvents = 1_000;

    public static Problem MessageNotUnderstood { get; } = KnownProblems.Refused("message_not_understood", "This mail is neither a complaint (RFC 5965) nor a reply that asks to be left out.");

    public static Problem DeliveryUnknown { get; } = KnownProblems.Refused("delivery_unknown", "Nothing in it says of which delivery of ours it speaks. Whoever knows can say so as an event.");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/v1/intake/events", EventsAsync).AllowAnonymous().WithBodyLimit(MaxEventsBytes).Accepts<OneOrMany<ProviderEvent>>("application/json").Produces<OneOrMany<IntakeResult>>()
            .RefusesWith("too_many_events").WithMetadata(SignedRequests.SignatureInvalid, TellConsent.WithdrawalPending);
        api.MapPost("/v1/intake/messages", MessageAsync).AllowAnonymous().WithBodyLimit(MaxMessageBytes).Produces<IntakeResult>()
            .WithMetadata(SignedRequests.SignatureInvalid, MessageNotUnderstood, DeliveryUnknown, TellConsent.WithdrawalPending);
    }

    private static async Task<IResult> EventsAsync(HttpRequest request, SignedRequests signed, TakeIn intake, CancellationToken ct)
    {
        if (await signed.ReadAsync(request, ct) is not { } sent) return SignedRequests.SignatureInvalid;
        if (!StrictJson.TryRead<OneOrMany<ProviderEvent>>(sent.Body, out var events, out var problem)) return problem;
        if (events.Items.Count > MaxEvents) return KnownProblems.Refused("too_many_events", $"At most {MaxEvents} events a request.");
        var results = new List<IntakeResult>();
        foreach (var e in events.Items)
        {
            var (outcome, pending) = await intake.ExecuteAsync(sent.Tenant, e, Digest.Of($"intake:{sent.Tenant}", e.Id.Value), "provider-event", ct);
            if (pending is not null) return pending;
            results.Add(ResultOf(e.Id.Value, outcome));
        }

        return TypedResults.Json(events.InKind(results), StrictJson.Options);
    }

    private static async Task<IResult> MessageAsync(HttpRequest request, SignedRequests signed, TakeIn intake, TimeProvider clock, CancellationToken ct)
    {
        if (await signed.ReadAsync(request, ct) is not { } sent) return SignedRequests.SignatureInvalid;
        var mail = MailIntake.Read(sent.Body);
        if (mail.Kind == MailKind.Other) return MessageNotUnderstood;
        var now = clock.GetUtcNow();
        if (mail.Tokens.Select(t => intake.FindLink(sent.Tenant, t)).OfType<UnsubscribeLink>().FirstOrDefault() is not { } link) return DeliveryUnknown;
        var isComplaint = mail.Kind == MailKind.Complaint;
        var id = Digest.Of($"intake-message:{sent.Tenant}", sent.Id);
        var (outcome, pending) = await intake.ExecuteAsync(sent.Tenant, Back(isComplaint, link, now), link, id, isComplaint ? "feedback-report" : "reply", ct);
        return pending ?? (IResult)TypedResults.Json(ResultOf(sent.Id, outcome), StrictJson.Options);
    }

    private static ProviderEvent Back(bool isComplaint, UnsubscribeLink link, DateTimeOffset now) => new(
        Word.TryParse("message")!, isComplaint ? ProviderEventType.Complained : ProviderEventType.Unsubscribed, now, link.Address, DeliveryId: link.DeliveryId, RecipientRef: link.RecipientRef);

    private UnsubscribeLink? FindLink(TenantId tenant, string? token) => token is not null && links.Find(token, clock.GetUtcNow()) is { } link && link.Tenant == tenant ? link : null;

    private Task<(Outcome, Problem?)> ExecuteAsync(TenantId tenant, ProviderEvent e, Digest id, string method, CancellationToken ct)
    {
        var link = FindLink(tenant, e.Token);
        if (link is null && e.Token is not null) return Refused("link_invalid", "The token is not one of this tenant.");
        return ExecuteAsync(tenant, e, link, id, method, ct);
    }

    private async Task<(Outcome, Problem?)> ExecuteAsync(TenantId tenant, ProviderEvent e, UnsubscribeLink? link, Digest id, string method, CancellationToken ct)
    {
        if (e.OccurredAt > clock.GetUtcNow() + ChangePreference.ClockSkew) return await Refused("occurred_in_future", "occurredAt lies in the future.");
        var (person, tag) = (link?.Subject ?? e.Subject, e.Address ?? link?.Address);
        if (e.Type is ProviderEventType.Delivered or ProviderEventType.Bounced)
            return tag is { } address ? (await ledger.ExecuteAsync(await OfAddressAsync(tenant, address, e, id, method, ct), ct), null) : await Refused("address_required", "What was delivered or bounced names an address, by its tag.");
        if (person is null)
            return e.Type == ProviderEventType.Complained && tag is { } complained
                ? (await ledger.ExecuteAsync(await OfAddressAsync(tenant, complained, e, id, method, ct), ct), null)
                : await Refused("delivery_unknown", "Nothing in it says whom it is about.");

        // The person and their address are told apart, each by an event of its own: nothing in the log, not even a trace, is to lead from a tag to a person.
        if (e.Type == ProviderEventType.Complained && tag is { } theirs) await ledger.ExecuteAsync(await OfAddressAsync(tenant, theirs, e, Digest.Of($"{id.Value:N}", "address"), method, ct), ct);
        var stream = new StreamKey(tenant, person.Value.Stream);
        var (topic, channel) = (link?.Topic ?? e.Topic, link?.Channel ?? e.Channel);
        var outcome = await ledger.ExecuteAsync(
            new Command(stream, SubjectPreferences.Stream, id, default, context =>
                Decision.Of(Leave(e, method, topic, channel, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(tenant)), link)))
            {
                Reads = PolicyBook.ReadBy(tenant),
            },
            ct);
        var (policies, _) = await reader.ReadAsync(tenant, [], ct);
        return (outcome, await tell.OfLanesAsync(stream, LeaveTopics.LanesIn(policies, topic, channel).Select(lane => new Lane(lane.Topic.Id, lane.Channel)), Actor.Subject, method, ct));
    }

    private static IEnumerable<Unsubscribed> Leave(ProviderEvent e, string method, string? topic, string? channel, SubjectPreferences subject, PolicyBook policies, UnsubscribeLink? link)
    {
        if (subject.IsErased) return [];
        var cause = (e.Type, method) switch
        {
            (ProviderEventType.Complained, _) => Cause.Complaint,
            (_, "reply") => Cause.Reply,
            _ => Cause.OneClick,
        };
        return LeaveTopics.Left(
            LeaveTopics.LanesIn(policies, topic, channel), subject, cause, Actor.Subject, method, e.OccurredAt, link?.DeliveryId ?? e.DeliveryId, link?.RecipientRef ?? e.RecipientRef);
    }

    private async Task<Command> OfAddressAsync(TenantId tenant, AddressTag tag, ProviderEvent e, Digest id, string method, CancellationToken ct) =>
        new(await addresses.FindOrBeginAsync(tenant, tag, ct), Address.Stream, id, default, context => (e.Type, context.State<Address>()) switch
        {
            (ProviderEventType.Delivered, var address) => RecordDelivery.Delivered(new AddressDelivered(tag, method, e.OccurredAt), address),
            (ProviderEventType.Bounced, var address) => RecordDelivery.Bounced(new AddressBounced(tag, e.Bounce ?? BounceKind.Soft, method, e.OccurredAt, e.Code), address),
            (_, var address) => RecordDelivery.Complained(new AddressComplained(tag, method, e.OccurredAt), address),
        })
        {
            TraceParent = null,
        };

    private static Task<(Outcome, Problem?)> Refused(string code, string reason) => Task.FromResult<(Outcome, Problem?)>((new Outcome.Refused(new Refusal(code, reason)), null));

    private static IntakeResult ResultOf(string id, Outcome outcome) => outcome switch
    {
        Outcome.Recorded => new(id, "recorded"),
        Outcome.Refused { Refusal.Code: var code } => new(id, "refused", code),
        _ => new(id, "unchanged"),
    };
}
