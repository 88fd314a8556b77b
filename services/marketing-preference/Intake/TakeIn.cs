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
        var taken = new List<Taken>();
        foreach (var e in events.Items)
            taken.Add(await intake.RecordAsync(sent.Tenant, e, new Told($"intake:{sent.Tenant}", e.Id.Value, JsonSerializer.SerializeToUtf8Bytes(e, StrictJson.Options)), "provider-event", ct));

        // Only now: while consent is away no event waits for one before it, and it is waited for once.
        Problem? pending = null;
        foreach (var one in taken) pending ??= await intake.TellAsync(one, "provider-event", ct);
        return pending ?? (IResult)TypedResults.Json(events.InKind(events.Items.Zip(taken, (e, one) => ResultOf(e.Id.Value, one.Outcome)).ToList()), StrictJson.Options);
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
        var method = isComplaint ? "feedback-report" : "reply";
        var taken = await intake.RecordAsync(sent.Tenant, Back(isComplaint, link, now), link, told, method, ct);
        return await intake.TellAsync(taken, method, ct) ?? (IResult)TypedResults.Json(ResultOf(sent.Id, taken.Outcome), StrictJson.Options);
    }

    private static ProviderEvent Back(bool isComplaint, UnsubscribeLink link, DateTimeOffset now) => new(
        Word.TryParse("message")!, isComplaint ? ProviderEventType.Complained : ProviderEventType.Unsubscribed, now, link.Address, DeliveryId: link.DeliveryId, RecipientRef: link.RecipientRef);

    private UnsubscribeLink? FindLink(TenantId tenant, string? token) => token is not null && links.Find(token, clock.GetUtcNow()) is { } link && link.Tenant == tenant ? link : null;

    private async Task<Taken> RecordAsync(TenantId tenant, ProviderEvent e, Told told, string method, CancellationToken ct)
    {
        var link = FindLink(tenant, e.Token);

        // Whom else it names, it is about: no complaint is dropped because the mail was an old one.
        if (link is null && e is { Token: not null, Subject: null, Address: null }) return Refused("link_invalid", "The token is not one of this tenant, and nothing else says whom it is about.");
        return await RecordAsync(tenant, e, link, told, method, ct);
    }

    private async Task<Taken> RecordAsync(TenantId tenant, ProviderEvent e, UnsubscribeLink? link, Told told, string method, CancellationToken ct)
    {
        if (e.OccurredAt > clock.GetUtcNow() + ChangePreference.ClockSkew) return Refused("occurred_in_future", "occurredAt lies in the future.");
        var (person, tag) = (link?.Subject ?? e.Subject, e.Address ?? link?.Address);
        if (e.Type is ProviderEventType.Delivered or ProviderEventType.Bounced)
            return tag is { } address ? new(await ledger.ExecuteAsync(await OfAddressAsync(tenant, address, e, told.Id, told.Body, method, ct), ct)) : Refused("address_required", "What was delivered or bounced names an address, by its tag.");
        if (person is null)
            return e.Type == ProviderEventType.Complained && tag is { } complained
                ? new(await ledger.ExecuteAsync(await OfAddressAsync(tenant, complained, e, told.Id, told.Body, method, ct), ct))
                : Refused("delivery_unknown", "Nothing in it says whom it is about.");

        var stream = new StreamKey(tenant, person.Value.Stream);
        var (topic, channel) = (link?.Topic ?? e.Topic, link?.Channel ?? e.Channel);
        var outcome = await LeaveAsync();
        if (outcome is Outcome.IdReused) return new(outcome);

        // The person and their address are told apart, each by an event of its own: nothing in the log, neither a trace nor the name of a command, is to lead from a tag to a person.
        if (e.Type == ProviderEventType.Complained && tag is { } theirs) await ledger.ExecuteAsync(await OfAddressAsync(tenant, theirs, e, told.IdOfAddress, told.BodyOfAddress, method, ct), ct);
        return outcome is Outcome.Refused ? new(outcome) : new(outcome, stream, topic, channel);

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

    private async Task<Problem?> TellAsync(Taken taken, string method, CancellationToken ct)
    {
        if (taken.Left is not { } person) return null;
        var (policies, states) = await reader.ReadAsync(person.Tenant, [person.Id], ct);
        return await tell.OfLanesAsync(
            person, LeaveTopics.LanesIn(policies, states[0].State, taken.Topic, taken.Channel).Select(lane => new Lane(lane.Topic.Id, lane.Channel)), Actor.Subject, method, ct);
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

    /// <summary>What became of an event, and what the consent service is to be told after it.</summary>
    /// <param name="Left">Who left something; null where there is nothing to tell.</param>
    private sealed record Taken(Outcome Outcome, StreamKey? Left = null, string? Topic = null, string? Channel = null);

    private static Taken Refused(string code, string reason) => new(new Outcome.Refused(new Refusal(code, reason)));

    private static IntakeResult ResultOf(string id, Outcome outcome) => outcome switch
    {
        Outcome.Recorded => new(id, "recorded"),
        Outcome.Refused { Refusal.Code: var code } => new(id, "refused", code),
        Outcome.IdReused => new(id, "refused", KnownProblems.IdempotencyKeyReused.Code),
        _ => new(id, "unchanged"),
    };
}
