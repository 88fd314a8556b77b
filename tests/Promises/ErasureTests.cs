using System.Net;
using System.Text.Json;
using ConsentLedger.Support;

namespace ConsentLedger.Promises;

/// <summary>Requests to be forgotten, and how long data stays without one.</summary>
public sealed class ErasureTests(RunningControllers controllers) : IClassFixture<RunningControllers>
{
    [Promise("P15", "assutech", "allure-systems", "quintus", "vms")]
    public async Task A_person_is_erased_from_every_system_and_facts_without_a_person_remain(string name)
    {
        var controller = controllers.Controller(name);
        var (person, other) = (controller.NewPerson(), controller.NewPerson());
        var purpose = name switch { "assutech" => "product-offers", "allure-systems" => "promotions", _ => "newsletter" };
        foreach (var one in (Person[])[person, other]) await one.DoesAsync("grants", new { purpose, channel = "email", evidence = new { address = "canary@example.org" } });
        (await person.LastAsync("consent.granted.v1", disclose: true)).ToString().ShouldContain("canary");

        var request = await RequestAsync(controller, person);
        var ended = await EndOfAsync(controller, request);
        ended.GetProperty("tasks").EnumerateArray().Select(t => (t.GetProperty("system").GetString(), t.GetProperty("outcome").GetString()))
            .ShouldBe([("consent", "erased"), ("marketing-preference", "erased")]);
        (await person.MayAsync(new { purpose, channel = "email" })).ShouldBeNo("subject_erased");
        (await person.MaySendAsync(purpose)).ShouldBeNo("subject_erased");
        (await person.IsRefusedAsync("grants", new { purpose, channel = "email" })).ShouldBe("subject_erased");
        var history = await person.HistoryAsync(disclose: true);
        history.ShouldContain(e => e.GetProperty("type").GetString() == "consent.granted.v1");
        history.ShouldAllBe(e => !e.ToString().Contains("canary"));

        (await RequestAsync(controller, person, HttpStatusCode.OK)).ShouldBe(request);
        (await other.MayAsync(new { purpose, channel = "email" })).ShouldBeYes("consent_given");
        (await other.LastAsync("consent.granted.v1", disclose: true)).ToString().ShouldContain("canary");
    }

    [Promise("P15", "assutech", "allure-systems", "quintus", "vms", Skip = "reasons where an erasure is refused or partial, and a certificate that names each system with its outcome")]
    public Task What_is_not_erased_is_named_with_its_reason(string name) => Missing.Of(name);

    [Promise("P16", "assutech")]
    public async Task A_request_is_due_a_calendar_month_after_it_came_and_is_free_of_charge(string name)
    {
        var controller = controllers.Controller(name);
        var request = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{await RequestAsync(controller, controller.NewPerson())}", controller.Ct);
        var received = DateOnly.FromDateTime(request.GetProperty("receivedAt").GetDateTimeOffset().UtcDateTime);
        DateOnly.Parse(request.GetProperty("dueOn").GetString()!).ShouldBe(received.AddMonths(1));
        var rights = (await controller.PolicyAsync()).GetProperty("rights");
        (rights.GetProperty("deadlineMonths").GetInt32(), rights.GetProperty("freeOfCharge").GetBoolean()).ShouldBe((1, true));
    }

    [Promise("P16", "assutech", Skip = "one extension of two months with a reason told to the person, escalation before it lapses, and a report of every request against its deadline")]
    public Task A_request_is_extended_once_escalated_and_reported(string name) => Missing.Of(name);

    [Promise("P17", "assutech", Skip = "the end of a retention deletes, and a legal hold suspends that for every alias of the person")]
    public Task Data_is_deleted_when_its_retention_ends(string name) => Missing.Of(name);

    [Promise("P25", "quintus", Skip = "one request that withdraws everything, erases and certifies")]
    public Task Withdrawing_everything_and_being_forgotten_is_one_request(string name) => Missing.Of(name);

    [Promise("P27", "quintus", Skip = "a retention that outlives an erasure, with its reason in the certificate")]
    public Task Applications_are_kept_for_reporting_and_the_certificate_says_so(string name) => Missing.Of(name);

    [Promise("P32", "vms", Skip = "the end of the service starts an erasure by itself")]
    public Task The_end_of_the_service_erases(string name) => Missing.Of(name);

    [Promise("P33", "vms")]
    public async Task Nothing_is_decided_for_the_users_customers_without_an_instruction(string name)
    {
        var person = controllers.Controller(name).NewPerson();
        (await person.MayAsync(new { purpose = "user-content", category = "end-customer" })).ShouldBeNo("basis_missing");
        (await person.MayAsync(new { purpose = "user-content", category = "user" })).ShouldBeNo("category_excluded");
        (await person.IsRefusedAsync("grants", new { purpose = "user-content" })).ShouldBe("consent_not_the_basis");
    }

    [Promise("P33", "vms", Skip = "a processor forwards requests to its controller and acts on its instruction only")]
    public Task Requests_of_the_users_customers_are_forwarded(string name) => Missing.Of(name);

    private static async Task<string> RequestAsync(Controller controller, Person person, HttpStatusCode expected = HttpStatusCode.Accepted) =>
        (await controller.PrivacyTeam.PostAsync("/v1/erasures", new { subject = person.Id }, expected, controller.Ct)).GetProperty("id").GetString()!;

    private static async Task<JsonElement> EndOfAsync(Controller controller, string request)
    {
        JsonElement answer = default;
        await Acts.EventuallyAsync("the erasure is completed", async () =>
        {
            answer = await controller.PrivacyTeam.GetOkAsync($"/v1/erasures/{request}", controller.Ct);
            return answer.GetProperty("state").GetString() == "completed";
        }, controller.Ct);
        return answer;
    }
}
