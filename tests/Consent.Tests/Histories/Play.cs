using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Erasing;
using ConsentLedger.Consent.Consents.Granting;
using ConsentLedger.Consent.Consents.Withdrawing;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>One message and what came of it.</summary>
/// <param name="Said">A grant, a withdrawal, a policy, or the erasure's request.</param>
/// <param name="Now">The time it was decided at.</param>
/// <param name="First">The outcome of the message that this one repeats.</param>
/// <param name="After">The state that the loop has kept in memory.</param>
/// <param name="Length">How many events the person's stream then has.</param>
internal sealed record Turn(object Said, DateTimeOffset Now, Outcome Outcome, Outcome? First, SubjectConsents After, int Length);

/// <summary>A history as the service lives it: its deciders, in its loop, over the engine that keeps everything in memory.</summary>
internal sealed record Play(IReadOnlyList<Turn> Turns, IReadOnlyList<StoredEvent> Log)
{
    private static readonly StreamKey Person = new(Story.Tenant, new StreamId(Story.Person));
    private static readonly Guid Request = Guid.Parse("0195a1b2-0000-7000-8000-00000000000e");

    public static Play Of(History history) => OfAsync(history).GetAwaiter().GetResult();

    private static async Task<Play> OfAsync(History history)
    {
        var clock = new Clock { Now = Acts.Day(1) };
        using var engine = new MemoryEngine();
        await using var loop = new DeciderLoop(engine, ConsentCatalog.Events, clock);
        var turns = new List<Turn>();
        var sent = new List<(Digest Id, object Said, Outcome Outcome)>();

        await SayAsync(Packs.Spectral);
        foreach (var step in history.Steps)
        {
            clock.Now += TimeSpan.FromMinutes(step.PassingMinutes);
            var earlier = sent[step.Earlier % sent.Count];
            switch (step.Doing)
            {
                case Doing.Repeat: await SayAsync(earlier.Said, earlier.Id, earlier.Outcome); break;
                case Doing.SendAgain: await SayAsync(earlier.Said); break;
                case Doing.Publish: await SayAsync(NextPolicy(turns)); break;
                case Doing.Erase: await SayAsync(Request); break;
                default: await SayAsync(Words(step, clock.Now + TimeSpan.FromMinutes(step.ClaimedMinutes))); break;
            }
        }

        return new Play(turns, await engine.ReadStreamsAsync([Person], CancellationToken.None));

        async Task SayAsync(object said, Digest? id = null, Outcome? first = null)
        {
            var named = id ?? Digest.Of("test", $"message {turns.Count}");
            var (stream, type) = said is PolicyPack ? (PolicyBook.Of(Story.Tenant), PolicyBook.Stream) : (Person, (StreamType)SubjectConsents.Stream);
            var now = clock.Now;
            var outcome = await loop.ExecuteAsync(
                new Command(stream, type, named, Digest.Of("body", $"{said}"), context =>
                {
                    now = context.Now;
                    return Decide(said, context);
                })
                {
                    Reads = PolicyBook.ReadBy(Story.Tenant),
                }, CancellationToken.None);
            if (id is null) sent.Add((named, said, outcome));
            var (after, length) = await LookAsync();
            turns.Add(new Turn(said, now, outcome, first, after, length));
        }

        // A command that changes nothing sees what the loop believes.
        async Task<(SubjectConsents State, int Version)> LookAsync()
        {
            SubjectConsents? seen = null;
            var outcome = await loop.ExecuteAsync(
                new Command(Person, SubjectConsents.Stream, Digest.Of("test", $"look {turns.Count}"), default, context =>
                {
                    seen = context.State<SubjectConsents>();
                    return Decision.Unchanged;
                }), CancellationToken.None);
            return (seen!, (int)((Outcome.Unchanged)outcome).Version);
        }
    }

    private static Decision Decide(object said, DecisionContext context) => said switch
    {
        PolicyPack pack => PublishPolicy.Decide(pack, context.State<PolicyBook>()),
        ISubjectAct act => SubjectActs.Decide(act, context.State<SubjectConsents>(), context.State<PolicyBook>(PolicyBook.Of(Story.Tenant)), context.Now),
        _ when context.State<SubjectConsents>().Erasure == Erasure.None => EraseSubject.Start(Request, context.State<SubjectConsents>()),
        _ => EraseSubject.Finish(Request, context.State<SubjectConsents>()),
    };

    // Every second version has dropped a purpose.
    private static PolicyPack NextPolicy(IReadOnlyList<Turn> turns)
    {
        var versions = turns.Select(t => t.Said).OfType<PolicyPack>().Select(p => p.Version).Distinct().Count();
        return Packs.Spectral.Next($"{versions + 1}.0.0", versions % 2 == 1 ? [ReferenceModel.Sharing] : []);
    }

    private static object Words(Step step, DateTimeOffset claimed) => step.Doing == Doing.Grant
        ? new GrantConsent(
            step.Purpose, claimed, step.Actor, Token.Parse("web-form"), step.Channel, step.Recipient, Text: step.Purpose == Acts.Offers ? Acts.Shown(step.Locale) : null)
        : new WithdrawConsent(step.Purpose, claimed, step.Actor, Token.Parse("account-page"), step.Channel, step.Recipient);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
