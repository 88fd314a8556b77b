using System.Text.Json;
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
            var (outcome, pending) = await intake.ExecuteAsync(
                sent.Tenant, e, new Told($"intake:{sent.Tenant}", e.Id.Value, JsonSerializer.SerializeToUtf8Bytes(e, StrictJson.Options)), "provider-event", ct);
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
        var told = new Told($"intake-message:{sent.Tenant}", sent.Id, sent.Body);
        var (outcome, pending) = await intake.ExecuteAsync(sent.Tenant, Back(isComplaint, link, now), link, told, isComplaint ? "feedback-report" : "reply", ct);
        return pending ?? (IResult)TypedResults.Json(ResultOf(sent.Id, outcome), StrictJson.Options);
    }

    private static ProviderEvent Back(bool isComplaint, UnsubscribeLink link, DateTimeOffset now) => new(
        Word.TryParse("message")!, isComplaint ? ProviderEventType.Complained : ProviderEventType.Unsubscribed, now, link.Address, DeliveryId: link.DeliveryId, RecipientRef: link.RecipientRef);

    private UnsubscribeLink? FindLink(TenantId tenant, string? token) => token is not null && links.Find(token, clock.GetUtcNow()) is { } link && link.Tenant == tenant ? link : null;

    private Task<(Outcome, Problem?)> ExecuteAsync(TenantId tenant, ProviderEvent e, Told told, string method, CancellationToken ct)
    {
        var link = FindLink(tenant, e.Token);

        // Whom else it names, it is about: no complaint is dropped because the mail was an old one.
        if (link is null && e is { Token: not null, Subject: null, Address: null }) return Refused("link_invalid", "The token is not one of this tenant, and nothing else says whom it is about.");
        return ExecuteAsync(tenant, e, link, told, method, ct);
    }

    private async Task<(Outcome, Problem?)> ExecuteAsync(TenantId tenant, ProviderEvent e, UnsubscribeLink? link, Told told, string method, CancellationToken ct)
    {
        if (e.OccurredAt > clock.GetUtcNow() + ChangePreference.ClockSkew) return await Refused("occurred_in_future", "occurredAt lies in the future.");
        var (person, tag) = (link?.Subject ?? e.Subject, e.Address ?? link?.Address);
        if (e.Type is ProviderEventType.Delivered or ProviderEventType.Bounced)
            return tag is { } address ? (await ledger.ExecuteAsync(await OfAddressAsync(tenant, address, e, told.Id, told.Body, method, ct), ct), null) : await Refused("address_required", "What was delivered or bounced names an address, by its tag.");
        if (person is null)
            return e.Type == ProviderEventType.Complained && tag is { } complained
                ? (await ledger.ExecuteAsync(await OfAddressAsync(tenant, complained, e, told.Id, told.Body, method, ct), ct), null)
                : await Refused("delivery_unknown", "Nothing in it says whom it is about.");

        var stream = new StreamKey(tenant, person.Value.Stream);
        var (topic, channel) = (link?.Topic ?? e.Topic, link?.Channel ?? e.Channel);
        var outcome = await LeaveAsync();
        if (outcome is Outcome.IdReused) return (outcome, null);

        // The person and their address are told apart, each by an event of its own: nothing in the log, neither a trace nor the name of a command, is to lead from a tag to a person.
        if (e.Type == ProviderEventType.Complained && tag is { } theirs) await ledger.ExecuteAsync(await OfAddressAsync(tenant, theirs, e, told.IdOfAddress, told.BodyOfAddress, method, ct), ct);
        if (outcome is Outcome.Refused) return (outcome, null);
        var (policies, states) = await reader.ReadAsync(tenant, [stream.Id], ct);
        return (outcome, await tell.OfLanesAsync(stream, LeaveTopics.LanesIn(policies, states[0].State, topic, channel).Select(lane => new Lane(lane.Topic.Id, lane.Channel)), Actor.Subject, method, ct));

        async Task<Outcome> LeaveAsync()
        {
            // What cannot be done yet keeps its id: once the policy is here, the same event does it.
            var (book, before) = await reader.ReadAsync(tenant, [stream.Id], ct);
            if (Leave(e, method, topic, channel, before[0].State, book, link, clock.GetUtcNow()) is Decision.Refuse { Refusal: var refusal }) return new Outcome.Refused(refusal);
            return await ledger.ExecuteAsync(
                new Command(stream, SubjectPreferences.Stream, told.Id, told.Body, context =>
                    Leave(e, method, topic, channel, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(tenant)), link, context.Now))
                {
                    Reads = PolicyBook.ReadBy(tenant),
                },
                ct);
        }
    }

    private static Decision Leave(
        ProviderEvent e, string method, string? topic, string? channel, SubjectPreferences subject, PolicyBook policies, UnsubscribeLink? link, DateTimeOffset now)
    {
        if (subject.IsErased) return Decision.Unchanged;
        if (policies.Current is null) return LeaveTopics.PolicyMissing;
        if (LeaveTopics.LanesIn(policies, subject, topic, channel) is not { Count: > 0 } lanes) return LeaveTopics.Undeclared;
        var cause = (e.Type, method) switch
        {
            (ProviderEventType.Complained, _) => Cause.Complaint,
            (_, "reply") => Cause.Reply,
            _ => Cause.OneClick,
        };
        return Decision.Of(LeaveTopics.Left(
            lanes, subject, cause, Actor.Subject, method, e.OccurredAt, now, link?.DeliveryId ?? e.DeliveryId, link?.RecipientRef ?? e.RecipientRef));
    }

    private async Task<Command> OfAddressAsync(TenantId tenant, AddressTag tag, ProviderEvent e, Digest id, Digest body, string method, CancellationToken ct) =>
        new(await addresses.FindOrBeginAsync(tenant, tag, ct), Address.Stream, id, body, context => (e.Type, context.State<Address>()) switch
        {
            (ProviderEventType.Delivered, var address) => RecordDelivery.Delivered(new AddressDelivered(tag, method, e.OccurredAt), address),
            (ProviderEventType.Bounced, var address) => RecordDelivery.Bounced(new AddressBounced(tag, e.Bounce ?? BounceKind.Soft, method, e.OccurredAt, e.Code), address),
            (_, var address) => RecordDelivery.Complained(new AddressComplained(tag, method, e.OccurredAt), address),
        })
        {
            TraceParent = null,
        };

    /// <summary>
    /// What names a command, and what it has to say when it comes again. That of a person and that of their address have nothing in common, and neither is made of the other: both stay in
    /// the log.
    /// </summary>
    private sealed record Told(string Sender, string Name, byte[] Content)
    {
        public Digest Id => Digest.Of(Sender, Name);

        public Digest Body => Digest.Of(Content);

        public Digest IdOfAddress => Digest.Of($"address:{Sender}", Name);

        public Digest BodyOfAddress => Digest.Of([.. "address:"u8, .. Content]);
    }

    private static Task<(Outcome, Problem?)> Refused(string code, string reason) => Task.FromResult<(Outcome, Problem?)>((new Outcome.Refused(new Refusal(code, reason)), null));

    private static IntakeResult ResultOf(string id, Outcome outcome) => outcome switch
    {
        Outcome.Recorded => new(id, "recorded"),
        Outcome.Refused { Refusal.Code: var code } => new(id, "refused", code),
        Outcome.IdReused => new(id, "refused", KnownProblems.IdempotencyKeyReused.Code),
        _ => new(id, "unchanged"),
    };
}
