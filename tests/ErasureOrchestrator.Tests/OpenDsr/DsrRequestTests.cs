using System.Text;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;

namespace ConsentLedger.ErasureOrchestrator.Tests.OpenDsr;

public sealed class DsrRequestTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    // The example of section 7.2, with what is odd about it: no regulation, and a comma too many.
    private const string Example = """
        {
          "subject_request_id": "a7551968-d5d6-44b2-9831-815ac9017798",
          "subject_request_type": "erasure",
          "submitted_time": "2018-10-02T15:00:00Z",
          "subject_identities": [
            {
              "identity_type": "email",
              "identity_value": "johndoe@example.com",
              "identity_format": "raw"
            }
          ],
          "api_version": "2.0",
          "status_callback_urls": [
            "https://examplecontroller.com/opendsr/callbacks"
          ],
          "extensions": {
            "example-processor.com": {
              "foo-processor-custom-id":123456,
              "property_id": "123456",
            },
            "example-other-processor.com": {
              "foo-other-processor-custom-id":654321
            }
          }
        }
        """;

    [Fact]
    public void The_example_of_the_specification_is_read_unchanged()
    {
        var (request, faults) = Read(Example);
        faults.ShouldBeEmpty();
        request!.Id.ShouldBe(new Guid("a7551968-d5d6-44b2-9831-815ac9017798"));
        (request.Type, request.Regulation, request.SubmittedAt).ShouldBe((DsrType.Erasure, null, new DateTimeOffset(2018, 10, 2, 15, 0, 0, TimeSpan.Zero)));
        request.Identities.ShouldBe([new DsrIdentity("email", DsrFormat.Raw, "johndoe@example.com")]);
        request.Callbacks.ShouldBe([new Uri("https://examplecontroller.com/opendsr/callbacks")]);
    }

    [Theory]
    [InlineData("access", DsrType.Access)]
    [InlineData("portability", DsrType.Portability)]
    [InlineData("erasure", DsrType.Erasure)]
    public void Every_type_is_read(string word, DsrType type) => Read(Example.Replace("\"erasure\"", $"\"{word}\"", StringComparison.Ordinal)).Request!.Type.ShouldBe(type);

    [Theory]
    [InlineData("gdpr")]
    [InlineData("ccpa")]
    public void A_regulation_is_kept(string regulation) => Read(With($"\"regulation\":\"{regulation}\"")).Request!.Regulation.ShouldBe(regulation);

    [Theory]
    [InlineData("", "body_not_json")]
    [InlineData("[]", "body_not_json")]
    [InlineData("{", "body_not_json")]
    [InlineData("""{"a":1,"a":2}""", "body_not_json")]
    [InlineData("{}", "member_missing")]
    public void What_is_no_object_is_refused(string body, string reason) => Read(body).Faults.ShouldContain(f => f.Reason == reason);

    [Theory]
    [InlineData("\"a7551968-d5d6-44b2-9831-815ac9017798\"", "\"A7551968-D5D6-44B2-9831-815AC9017798\"", "subject_request_id")] // upper case
    [InlineData("\"a7551968-d5d6-44b2-9831-815ac9017798\"", "\"0199aa00-0000-7000-8000-000000000001\"", "subject_request_id")] // version 7
    [InlineData("\"a7551968-d5d6-44b2-9831-815ac9017798\"", "1", "subject_request_id")]
    [InlineData("\"erasure\"", "\"rectification\"", "subject_request_type")]
    [InlineData("\"erasure\"", "null", "subject_request_type")]
    [InlineData("\"2018-10-02T15:00:00Z\"", "\"2018-10-02\"", "submitted_time")]
    [InlineData("\"2018-10-02T15:00:00Z\"", "\"2018-13-02T15:00:00Z\"", "submitted_time")]
    [InlineData("\"2018-10-02T15:00:00Z\"", "\"2018-10-02T15:00:00\"", "submitted_time")] // no offset
    [InlineData("\"2018-10-02T15:00:00Z\"", "\"2026-11-01T12:06:00Z\"", "submitted_time")] // tomorrow
    [InlineData("\"email\"", "\"passport\"", "identity_type")]
    [InlineData("\"raw\"", "\"rot13\"", "identity_format")]
    [InlineData("\"johndoe@example.com\"", "\"\"", "identity_value")]
    [InlineData("\"johndoe@example.com\"", "\"a\\u0000b\"", "identity_value")]
    [InlineData("\"https://examplecontroller.com/opendsr/callbacks\"", "\"/opendsr/callbacks\"", "status_callback_urls")]
    [InlineData("\"https://examplecontroller.com/opendsr/callbacks\"", "\"https://user:pw@examplecontroller.com/\"", "status_callback_urls")]
    [InlineData("\"https://examplecontroller.com/opendsr/callbacks\"", "\"file:///etc/passwd\"", "status_callback_urls")]
    [InlineData("\"https://examplecontroller.com/opendsr/callbacks\"", "7", "status_callback_urls")]
    [InlineData("\"2.0\"", "\"3.0\"", "api_version")]
    public void What_is_wrong_is_named_and_not_repeated(string right, string wrong, string member)
    {
        var faults = Read(Example.Replace(right, wrong, StringComparison.Ordinal)).Faults;
        faults.ShouldContain(f => f.Message.StartsWith(member, StringComparison.Ordinal));
        faults.ShouldAllBe(f => !f.Message.Contains("johndoe", StringComparison.Ordinal) && !f.Message.Contains("passport", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_is_asked_about_without_an_identity() =>
        Read("""{"subject_request_id":"a7551968-d5d6-44b2-9831-815ac9017798","subject_request_type":"erasure","submitted_time":"2018-10-02T15:00:00Z","subject_identities":[]}""")
            .Faults.ShouldHaveSingleItem().Message.ShouldStartWith("subject_identities");

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once() => Read("""{"subject_request_type":"x","subject_identities":[{}]}""").Faults.Count.ShouldBe(6);

    [Fact]
    public void Half_a_surrogate_pair_is_no_text() => Read(Example.Replace("johndoe", "\\ud800", StringComparison.Ordinal)).Faults.ShouldHaveSingleItem().Reason.ShouldBe("text_invalid");

    [Fact]
    public void Members_that_a_later_version_may_add_are_passed_over() => Read(With("\"group_id\":\"7\"")).Faults.ShouldBeEmpty();

    [Fact]
    public void What_it_says_of_itself_holds_no_address() => $"{Read(Example).Request!.Identities[0]}".ShouldBe("email raw");

    private static string With(string member) => Example.Replace("\"api_version\"", $"{member},\"api_version\"", StringComparison.Ordinal);

    private static (DsrRequest? Request, IReadOnlyList<DsrFault> Faults) Read(string json) => DsrRequest.Read(Encoding.UTF8.GetBytes(json), Now);
}
