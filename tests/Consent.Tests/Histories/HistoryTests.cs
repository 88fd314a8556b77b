using ConsentLedger.Consent.Consents;
using ConsentLedger.Consent.Consents.Reading;
using ConsentLedger.Consent.Decisions;
using ConsentLedger.Consent.Policies;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.EventStore;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>What holds for every history.</summary>
public sealed class HistoryTests
{
    [Fact]
    public void A_withdrawal_is_out_voted_only_by_a_later_act_of_the_subject() => Holds(play =>
    {
        var log = play.Log.Select(e => (e.Place, Facts: ConsentCatalog.Events.Decode(e))).ToList();
        foreach (var turn in play.Turns)
            foreach (var lane in turn.After.Lanes.Where(l => l.Value.Given).Select(l => l.Key))
            {
                var said = log[..turn.Length];
                var no = said.FindLastIndex(e => e.Facts is ConsentWithdrawn withdrawn && withdrawn.Lane == lane);
                if (no < 0) continue;
                var claimed = ((ConsentWithdrawn)said[no].Facts).OccurredAt;
                var since = ReferenceModel.HeardAt(claimed, said[no].Place.RecordedAt);

                // Not ShouldContain, which compiles its condition anew each time: most of what this test took.
                said.Skip(no).Select(e => e.Facts).OfType<ConsentGranted>()
                    .Any(g => g.Lane == lane && (g.Actor == Actor.Subject || g.Actor == Actor.Guardian) && g.OccurredAt > since).ShouldBeTrue($"{lane} after {claimed:O}");
            }
    });

    [Fact]
    public void What_the_log_says_is_in_force_is_what_counts() => Holds(play =>
    {
        var length = 0;
        foreach (var turn in play.Turns)
        {
            foreach (var e in play.Log.Take(turn.Length).Skip(length))
                if (ConsentCatalog.Events.Decode(e) is ConsentGranted { InForce: true } granted && turn.After.Erasure == Erasure.None)
                    turn.After.Lanes[granted.Lane].Given.ShouldBeTrue();
            length = turn.Length;
        }
    });

    [Fact]
    public void The_log_folds_to_the_state_that_was_kept_along_the_way() => Holds(play =>
    {
        foreach (var turn in play.Turns) ShouldBeSame(turn.After, Folded(play.Log.Take(turn.Length)));
    });

    [Fact]
    public void What_was_known_at_a_moment_is_the_state_of_that_moment() => Holds(play =>
    {
        var writing = play.Turns.Where((turn, i) => i == 0 || turn.Length > play.Turns[i - 1].Length).ToList();
        foreach (var moment in writing.Select(t => t.Now))
        {
            var known = new Replay(AsOf: null, KnownAt: moment);
            ShouldBeSame(writing.Last(t => t.Now <= moment).After, Folded(play.Log.Where(e => known.Includes(e, ConsentCatalog.Events.Decode(e)))));
        }
    });

    [Fact]
    public void Every_answer_and_every_decision_agrees_with_the_model() => Holds(play =>
    {
        var model = new ReferenceModel();
        var policies = PolicyBook.Empty;
        foreach (var turn in play.Turns)
        {
            ReferenceModel.Tell(turn.Outcome).ShouldBe(model.Hear(turn));
            if (turn is { Said: PolicyPack pack, Outcome: Outcome.Recorded, First: null }) policies = new PolicyBook(policies.Versions.Add(new PublishedVersion(new PolicyPublished(pack, default), turn.Now)));
            foreach (var lane in ReferenceModel.AllLanes)
            {
                var answer = ConsentDecision.Decide(Story.Question(lane.Purpose, lane.Channel, lane.Recipient), [turn.After], policies, turn.Now);
                answer.Code.ShouldBe(model.Decide(lane));
                answer.Allowed.ShouldBe(answer.Code == "consent_given");
            }
        }
    });

    private static void Holds(Action<Play> property) => Random.Check(History.Any, history => property(Play.Of(history)));

    private static SubjectConsents Folded(IEnumerable<StoredEvent> events) => SubjectConsents.Stream.Replay(events, ConsentCatalog.Events);

    private static void ShouldBeSame(SubjectConsents one, SubjectConsents other)
    {
        one.Erasure.ShouldBe(other.Erasure);
        one.Lanes.Count.ShouldBe(other.Lanes.Count);
        foreach (var (lane, state) in one.Lanes) other.Lanes[lane].ShouldBe(state);
    }
}
