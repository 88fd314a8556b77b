using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Intake;
using ConsentLedger.MarketingPreference.Policies;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Unsubscribing;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests.Intake;

public sealed class LeaveTopicsTests
{
    private static readonly LeaveTopics All = new(Noon, Actor.Agent, WordOf("phone"));

    [Fact]
    public void Leaving_all_says_no_to_what_was_never_asked_for_too_and_to_nothing_that_is_owed()
    {
        var left = Left(All, Given(Opened("newsletter"), Closed("module-crm")));
        left.Select(u => (u.Topic, u.Channel)).ShouldBe(
            InForce.Current!.Topics.Where(t => t.MessageClass != Contracts.Policies.MessageClass.Transactional).SelectMany(t => t.Channels, (t, c) => (t.Id, c)).Where(l => l != ("module-crm", "email")));
        left.ShouldAllBe(u => u.Cause == Cause.Agent && u.Actor == Actor.Agent && u.Method == "phone");
    }

    [Fact]
    public void The_last_topic_that_rested_on_a_consent_ends_it_and_none_before()
    {
        var left = Left(All, Given()).Where(u => (u.Purpose, u.Channel) == ("surveys-and-contests", "email")).ToList();
        left.Count.ShouldBeGreaterThan(1);
        left.Select(u => u.WithdrawsConsent).ShouldBe([.. Enumerable.Repeat(false, left.Count - 1), true]);
    }

    [Fact]
    public void One_topic_or_one_channel_may_be_meant()
    {
        Left(All with { Topic = "contests" }, Given()).Select(u => u.Channel).ShouldBe(["email", "phone"]);
        Left(All with { Topic = "contests", Channel = "phone" }, Given()).Select(u => u.Channel).ShouldBe(["phone"]);
        Left(All with { Channel = "phone" }, Given()).Select(u => u.Topic).ShouldBe(["contests"]);
        LeaveTopics.Decide(All with { Topic = "horoscopes" }, Given(), InForce, Noon).ShouldRefuse("topic_undeclared");
    }

    [Fact]
    public void What_the_policy_has_dropped_can_be_left_by_name_by_channel_and_with_all()
    {
        var withoutPhone = Packs.NorthwindJson();
        withoutPhone["topics"]!.AsArray().Single(t => t!["id"]!.GetValue<string>() == "contests")!["channels"] = new System.Text.Json.Nodes.JsonArray("email");
        var dropped = InForce with { Packs = [Packs.Northwind, Packs.Parse(withoutPhone.Without("module-crm"))] };
        var subject = Given(Opened("contests", "phone"), Opened("module-crm"));
        Left(All with { Topic = "contests" }).Select(u => u.Channel).ShouldBe(["email", "phone"]);
        Left(All with { Topic = "contests", Channel = "phone" }).ShouldHaveSingleItem();
        Left(All with { Topic = "module-crm" }).ShouldHaveSingleItem();
        var all = Left(All).Select(u => (u.Topic, u.Channel)).ToList();
        all.ShouldContain(("contests", "phone"));
        all.ShouldContain(("module-crm", "email"));

        IReadOnlyList<Unsubscribed> Left(LeaveTopics leave) => [.. LeaveTopics.Decide(leave, subject, dropped, Noon).Recorded().Cast<Unsubscribed>()];
    }

    [Fact]
    public void Who_said_so_is_kept()
    {
        Left(All with { Actor = Actor.Subject }, Given())[0].Cause.ShouldBe(Cause.Preference);
        LeaveTopics.Decide(All, Given(new ErasureStarted(NewId())), InForce, Noon).ShouldRefuse("subject_erased");
        LeaveTopics.Decide(All, Given(), PolicyBook.Empty, Noon).ShouldRefuse("policy_missing");
        LeaveTopics.Decide(All with { OccurredAt = Noon.AddHours(1) }, Given(), InForce, Noon).ShouldRefuse("occurred_in_future");
    }

    [Theory]
    [InlineData(null, AgentKind.None)]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", AgentKind.Browser)]
    [InlineData("Mozilla/5.0 (compatible; GoogleBot/2.1)", AgentKind.Scanner)]
    [InlineData("Barracuda Sentinel", AgentKind.Scanner)]
    [InlineData("YahooMailProxy; https://help.example.com", AgentKind.MailProvider)]
    [InlineData("curl/8.1", AgentKind.Program)]
    public void Whoever_pressed_the_button_is_told_apart_and_heard_all_the_same(string? userAgent, AgentKind kind)
    {
        var link = new UnsubscribeLink(TenantId.Parse(Packs.Tenant), Somebody, "module-crm", "email", null, null, Noon + UnsubscribeLinks.Lifetime);
        var seen = Seen.Of(userAgent, link, Noon.AddSeconds(90));
        seen.ShouldBe(new Seen(kind, 90));
        UnsubscribeByLink.Decide(link, Cause.OneClick, Given(), InForce, Noon, seen).Recorded().ShouldHaveSingleItem().ShouldBeOfType<Unsubscribed>().Seen.ShouldBe(seen);
    }

    private static IReadOnlyList<Unsubscribed> Left(LeaveTopics leave, SubjectPreferences subject) => [.. LeaveTopics.Decide(leave, subject, InForce, Noon).Recorded().Cast<Unsubscribed>()];
}
