using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Changing;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Intake;

/// <summary>Somebody wants out, and told somebody: of one topic or of all, over one channel or over all.</summary>
/// <param name="Topic">Absent means all, and writes an explicit "no" for what was never asked for, too. What is transactional cannot be left, and stays as it is.</param>
/// <param name="Channel">Absent means all.</param>
public sealed record LeaveTopics(DateTimeOffset OccurredAt, Actor Actor, Word Method, string? Topic = null, string? Channel = null)
{
    public static Problem AddressUnlinked { get; } =
        KnownProblems.Refused("address_unlinked", "Nobody is linked to this address. It can be suppressed all the same.");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/v1/subjects/{subject}/unsubscribes", OfSubjectAsync).RequireScope(Scopes.ConsentWrite).Produces<CommandAnswer>()
            .RefusesWith("subject_erased", "policy_missing", "topic_undeclared", "occurred_in_future").WithMetadata(TellConsent.WithdrawalPending);
        api.MapPost("/v1/addresses/{tag}/unsubscribes", OfAddressAsync).RequireScope(Scopes.ConsentWrite).Produces<LeftByAddress>()
            .RefusesWith("policy_missing", "topic_undeclared", "occurred_in_future").WithMetadata(AddressTag.Invalid, AddressUnlinked, TellConsent.WithdrawalPending);
    }

    public static Decision Decide(LeaveTopics leave, SubjectPreferences subject, PolicyBook policies, DateTimeOffset now)
    {
        if (subject.IsErased) return Decision.No("subject_erased", "This person was erased. A returning person gets a new subject id.");
        if (policies.Current is null) return PolicyMissing;
        if (leave.OccurredAt > now + ChangePreference.ClockSkew) return Decision.No("occurred_in_future", "occurredAt lies in the future.");
        if (leave.LanesIn(policies, subject) is not { Count: > 0 } lanes) return Undeclared;
        return Decision.Of(Left(lanes, subject, leave.Actor == Actor.Agent ? Cause.Agent : Cause.Preference, leave.Actor, leave.Method.Value, leave.OccurredAt, now));
    }

    public static Decision PolicyMissing { get; } = Decision.No("policy_missing", "The controller's policy has not arrived here yet.");

    public static Decision Undeclared { get; } = Decision.No("topic_undeclared", "No policy heard of here has ever declared this topic.");

    /// <summary>What is left, lane by lane: each sees those before it, so that the last one that rested on a consent ends it.</summary>
    public static IEnumerable<Unsubscribed> Left(
        IEnumerable<(PolicyPack Pack, Topic Topic, string Channel)> lanes, SubjectPreferences subject, Cause cause, Actor actor, string method, DateTimeOffset occurredAt,
        DateTimeOffset now, Word? deliveryId = null, Word? recipientRef = null)
    {
        foreach (var (pack, topic, channel) in lanes)
        {
            if (subject.HasLeft(topic.Id, channel, occurredAt, now)) continue;
            var left = new Unsubscribed(
                topic.Id, channel, topic.Purpose, pack.BasisOf(topic), cause, actor, method, occurredAt, pack.ConsentEndsWith(topic, channel, subject), deliveryId, recipientRef);
            subject = SubjectPreferences.Stream.After(subject, left, default);
            yield return left;
        }
    }

    public IReadOnlyList<(PolicyPack Pack, Topic Topic, string Channel)> LanesIn(PolicyBook policies, SubjectPreferences subject) => LanesIn(policies, subject, Topic, Channel);

    /// <summary>What was dropped can be left as well: a topic that is named, over each channel that it ever had, and of all what this person was ever asked.</summary>
    public static IReadOnlyList<(PolicyPack Pack, Topic Topic, string Channel)> LanesIn(PolicyBook policies, SubjectPreferences subject, string? topicId, string? channel)
    {
        var lanes = topicId is not null
            ? from pack in policies.Packs from over in pack.FindTopic(topicId)?.Channels ?? [] select new Lane(topicId, over)
            : (policies.Current?.Topics ?? []).SelectMany(topic => topic.Channels, (topic, over) => new Lane(topic.Id, over))
                .Concat(subject.Lanes.Keys.OrderBy(lane => lane.Topic, StringComparer.Ordinal).ThenBy(lane => lane.Channel, StringComparer.Ordinal));
        return [.. from lane in lanes.Distinct()
                   where channel is null || lane.Channel == channel
                   let pack = policies.LastDeclaring(lane.Topic, lane.Channel)
                   where pack is not null
                   let topic = pack.FindTopic(lane.Topic)!
                   where topicId is not null || topic.MessageClass != MessageClass.Transactional
                   select (pack, topic, lane.Channel)];
    }

    private static async Task<IResult> OfSubjectAsync(
        SubjectId subject, Body<LeaveTopics> body, Caller caller, CommandOptions options, DeciderLoop ledger, PreferenceReader reader, TellConsent tell, CancellationToken ct)
    {
        var stream = new StreamKey(caller.Tenant, subject.Stream);
        var outcome = await ledger.ExecuteAsync(CommandOf(stream, body.Value, caller.IdOf(options), body.Digest) with { ExpectedVersion = options.ExpectedVersion }, ct);
        return (IResult?)await TellAsync(stream, body.Value, outcome, reader, tell, ct) ?? outcome.ToResult();
    }

    /// <summary>For whoever knows the address only: everybody who has it leaves. Each by a command of their own, so that a repeat after a crash does what is left to do.</summary>
    private static async Task<IResult> OfAddressAsync(
        AddressTag tag, Body<LeaveTopics> body, Caller caller, CommandOptions options, AddressReader addresses, StateReader states, DeciderLoop ledger, PreferenceReader reader, TellConsent tell,
        CancellationToken ct)
    {
        if (await addresses.FindAsync(caller.Tenant, tag, ct) is not { } stream) return AddressUnlinked;
        var (address, _) = await states.ReadAsync(stream, Address.Stream, ct);
        var subjects = (await addresses.OfAddressAsync(stream, ct)).Where(l => address.Links.Contains(l.Link)).Select(l => l.Subject).ToList();
        if (subjects.Count == 0) return AddressUnlinked;
        var did = new List<(StreamKey Person, Outcome Outcome)>();
        foreach (var subject in subjects)
        {
            var person = new StreamKey(caller.Tenant, new StreamId(subject));
            var outcome = await ledger.ExecuteAsync(CommandOf(person, body.Value, Digest.Of($"{caller.IdOf(options).Value:N}", $"{subject}"), body.Digest), ct);
            if (outcome is Outcome.Refused { Refusal.Code: not "subject_erased" } or Outcome.IdReused) return outcome.ToResult();
            did.Add((person, outcome));
        }

        // Only now: while consent is away nobody's no waits for that of another, and it is waited for once.
        Problem? pending = null;
        foreach (var (person, outcome) in did) pending ??= await TellAsync(person, body.Value, outcome, reader, tell, ct);
        return pending ?? (IResult)TypedResults.Json(new LeftByAddress(subjects.Count, did.Count(d => d.Outcome is Outcome.Recorded)), StrictJson.Options);
    }

    private static Command CommandOf(StreamKey person, LeaveTopics leave, Digest id, Digest body) => new(
        person, SubjectPreferences.Stream, id, body, context => Decide(leave, context.State<SubjectPreferences>(), context.State<PolicyBook>(PolicyBook.Of(person.Tenant)), context.Now))
    {
        Reads = PolicyBook.ReadBy(person.Tenant),
    };

    private static async Task<Problem?> TellAsync(StreamKey person, LeaveTopics leave, Outcome outcome, PreferenceReader reader, TellConsent tell, CancellationToken ct)
    {
        if (outcome is not (Outcome.Recorded or Outcome.Unchanged)) return null;
        var (policies, states) = await reader.ReadAsync(person.Tenant, [person.Id], ct);
        return await tell.OfLanesAsync(person, leave.LanesIn(policies, states[0].State).Select(lane => new Lane(lane.Topic.Id, lane.Channel)), leave.Actor, leave.Method.Value, ct);
    }
}

/// <param name="Subjects">How many persons have the address.</param>
/// <param name="Left">For how many of them something changed.</param>
public sealed record LeftByAddress(int Subjects, int Left);
