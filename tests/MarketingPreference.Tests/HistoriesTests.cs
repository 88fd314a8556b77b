using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.AskingConsent;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Preferences.Changing;
using ConsentLedger.MarketingPreference.Reacting;
using ConsentLedger.MarketingPreference.Unsubscribing;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>
/// Random lives of one person between the two services, with the bus as slow as it likes and the direct call failing at times. A failure names its seed.
/// </summary>
public sealed class HistoriesTests
{
    private const int Lives = 3000;

    [Fact]
    public void Whatever_happens_in_whatever_order_both_services_agree_in_the_end_and_no_unsubscribe_that_was_answered_is_undone()
    {
        for (var seed = 1; seed <= Lives; seed++)
        {
            var life = new Life(seed);
            for (var step = 0; step < 40; step++) life.Step();
            life.Drain();
            life.ShouldBeInStep();
        }
    }

    private sealed class Life(int seed)
    {
        private const string Purpose = "surveys-and-contests";
        private static readonly (string Topic, string Channel)[] Topics = [("surveys-and-contests", "email"), ("contests", "email"), ("contests", "phone")];

        private readonly Random _chance = new(seed);
        private readonly List<object> _facts = [];
        private readonly Queue<ConsentEntry> _toPreference = [];
        private readonly Queue<Unsubscribed> _toConsent = [];
        private readonly Dictionary<string, bool> _consent = [];
        private readonly Dictionary<(string Topic, string Channel), bool> _left = [];
        private long _consentVersion;
        private DateTimeOffset _now = Noon;

        private SubjectPreferences State => Given(_facts);

        public void Step()
        {
            // Recorded a minute apart, as Given does.
            _now = Noon.AddMinutes(_facts.Count);
            var (topic, channel) = Topics[_chance.Next(Topics.Length)];
            switch (_chance.Next(8))
            {
                case 0: Grant(channel); break;
                case 1: Change(channel, given: false); break;
                case 2 or 3: LeaveByLink(topic, channel); break;
                case 4: Subscribe(topic, channel); break;
                case 5 or 6: DeliverToPreference(); break;
                case 7: DeliverToConsent(); break;
            }
        }

        public void Drain()
        {
            for (var round = 0; _toPreference.Count + _toConsent.Count > 0; round++)
            {
                round.ShouldBeLessThan(1000, $"seed {seed}: the services chase each other");
                DeliverToPreference();
                DeliverToConsent();
            }
        }

        public void ShouldBeInStep()
        {
            foreach (var channel in new[] { "email", "phone" })
            {
                var given = _consent.GetValueOrDefault(channel);
                if (_consent.ContainsKey(channel)) State.Consents.Given(Purpose, channel).ShouldBe(given, $"seed {seed}, {channel}");
                var open = Topics.Where(t => t.Channel == channel && State.Find(t.Topic, channel) is { IsOpen: true }).ToList();
                if (!given) open.ShouldBeEmpty($"seed {seed}, {channel}: nothing is open without consent");
            }

            foreach (var (topic, channel) in _left.Keys) State.Find(topic, channel)!.IsOpen.ShouldBeFalse($"seed {seed}, {topic}, {channel}: left, and nothing said since");
        }

        private void Grant(string channel)
        {
            // It brings back what ended with the consent before it, and nothing else that was left.
            foreach (var (lane, _) in _left.Where(lane => lane.Key.Channel == channel && lane.Value).ToList()) _left.Remove(lane);
            Change(channel, given: true);
        }

        private void Subscribe(string topic, string channel)
        {
            if (Record(ChangePreference.Decide(new(true, _now.AddSeconds(1), Actor.Subject, WordOf("web-form")), topic, channel, State, Packs.Northwind, _now)).Count > 0)
                _left.Remove((topic, channel));
        }

        private void LeaveByLink(string topic, string channel)
        {
            var link = new UnsubscribeLink(TenantId.Parse(Packs.Tenant), Somebody, topic, channel, null, null, _now.AddDays(1));
            var stillOpen = Topics.Any(t => t.Channel == channel && t.Topic != topic && State.Find(t.Topic, channel) is not { IsOpen: false });
            var recorded = Record(UnsubscribeByLink.Decide(link, Cause.OneClick, State, InForce, _now));
            foreach (var unsubscribed in recorded.OfType<Unsubscribed>())
                unsubscribed.WithdrawsConsent.ShouldBe(!stillOpen, $"seed {seed}: only the last open topic takes the consent with it");

            // As TellConsent does. What it cannot say to a service it already heard the withdrawal from, it takes for said.
            var reachable = _chance.Next(4) > 0;
            var ended = State.Find(topic, channel)!.EndedConsent;
            if (ended && reachable) Change(channel, given: false);
            if (reachable || !ended || recorded.Count > 0) _left[(topic, channel)] = ended;
        }

        private void Change(string channel, bool given)
        {
            if (given == _consent.GetValueOrDefault(channel) && _consent.ContainsKey(channel)) return;
            _consent[channel] = given;
            _toPreference.Enqueue(given ? Granted(++_consentVersion, Purpose, channel) : Withdrawn(++_consentVersion, Purpose, channel));
        }

        private void DeliverToPreference()
        {
            if (_toPreference.TryDequeue(out var entry)) Record(FollowConsent.Decide(entry, State, Packs.Northwind));
        }

        private void DeliverToConsent()
        {
            if (_toConsent.TryDequeue(out var unsubscribed) && unsubscribed.WithdrawsConsent) Change(unsubscribed.Channel, given: false);
        }

        private IReadOnlyList<object> Record(Decision decision)
        {
            if (decision is not Decision.Record { Events: var events }) return [];
            var facts = events.Select(e => e.Facts).ToList();
            _facts.AddRange(facts);
            foreach (var unsubscribed in facts.OfType<Unsubscribed>()) _toConsent.Enqueue(unsubscribed);
            return facts;
        }
    }
}
