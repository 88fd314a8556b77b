using System.Text;
using ConsentLedger.Contracts;

namespace ConsentLedger.Messaging.Tests;

public sealed class CloudEventTests
{
    private const string Sound = """{"specversion":"1.0","id":"1","source":"/s","type":"t"}""";

    [Fact]
    public void What_is_written_is_read_back()
    {
        var written = new CloudEvent
        {
            Id = "a<>&'+é\u2028",
            Source = "https://consentledger/consent",
            Type = "consent.granted.v1",
            Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(2)),
            Subject = "s",
            Tenant = "vms",
            Position = 0,
            StreamVersion = long.MaxValue,
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            Data = Encoding.UTF8.GetBytes("""{"purpose":"ü"}"""),
        };

        var read = Read(Encoding.UTF8.GetString(written.ToJson()));

        (read with { Data = default }).ShouldBe(written with { Data = default });
        Encoding.UTF8.GetString(read.Data.Span).ShouldBe("""{"purpose":"ü"}""");
    }

    [Theory]
    [InlineData("", "not_json")]
    [InlineData("nothing", "not_json")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t"} x""", "not_json")]
    [InlineData("""{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}""", "not_json")]
    [InlineData("""{"\ud800":1}""", "not_json")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"\ud800":1}}""", "not_json")]
    [InlineData("""[{"specversion":"1.0"}]""", "not_a_cloud_event")]
    [InlineData("null", "not_a_cloud_event")]
    [InlineData("""{"id":"1","source":"/s","type":"t"}""", "not_a_cloud_event")]
    [InlineData("""{"specversion":"0.3","id":"1","source":"/s","type":"t"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","source":"/s","type":"t"}""", "attribute_missing")]
    [InlineData("""{"specversion":"1.0","id":null,"source":"/s","type":"t"}""", "attribute_missing")]
    [InlineData("""{"specversion":"1.0","id":"1","type":"t"}""", "attribute_missing")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s"}""", "attribute_missing")]
    [InlineData("""{"specversion":"1.0","id":"","source":"/s","type":"t"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":7,"source":"/s","type":"t"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"\ud800","source":"/s","type":"t"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1\n2","source":"/s","type":"t"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/Säge","type":"t"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"yesterday"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-01-02T03:04:05"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","time":1700000000}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","tenant":"VMS"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","position":-1}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","streamversion":"1"}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"aGk="}""", "attribute_invalid")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"text/xml","data":"<a/>"}""", "attribute_invalid")]
    public void What_is_not_a_message_of_ours_has_a_code(string body, string code) => Fault(body).Code.ShouldBe(code);

    [Theory]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-01-02T03:04:05Z"}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-01-02T03:04:05.123456789-07:00"}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"urn:x","type":"t","shard":{"any":["thing"]},"subject":null}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"application/json; charset=utf-8","data":[1]}""")]
    public void What_a_stranger_may_write_is_read(string body) => Read(body).Id.ShouldBe("1");

    [Fact]
    public void The_sender_is_known_even_where_the_rest_is_wrong()
    {
        var fault = Fault("""{"type":"t","tenant":"?","source":"/s","id":"1","specversion":"2.0"}""");

        (fault.Id, fault.Source).ShouldBe(("1", "/s"));
        Fault("""{"source":"/s","id":"1"}""").Source.ShouldBe("/s");
    }

    [Fact]
    public void A_trace_context_that_is_none_is_as_good_as_absent() => Read(SoundWith("\"traceparent\":\"no\"")).TraceParent.ShouldBeNull();

    [Fact]
    public void A_quarter_of_a_mebibyte_is_enough()
    {
        Fault(Sound.PadRight((256 * 1024) + 1)).Code.ShouldBe("too_large");
        Read(Sound.PadRight(256 * 1024)).Id.ShouldBe("1");
        Fault(Sound.Replace("\"1\"", $"\"{new string('x', 10_000)}\"", StringComparison.Ordinal)).Code.ShouldBe("attribute_invalid");
    }

    [Theory]
    [InlineData("""{"system":"consent"}""")]
    [InlineData("""{"request":"0199c0de-0000-7000-8000-000000000000","system":null}""")]
    [InlineData("""{"request":"jane@example.com","system":"consent"}""")]
    [InlineData("""{"request":"0199c0de-0000-7000-8000-000000000000","system":"\ud800"}""")]
    [InlineData("null")]
    [InlineData("7")]
    public void Data_that_lacks_something_is_refused_without_quoting_it(string data)
    {
        var message = Read(SoundWith($"\"data\":{data}"));

        Should.Throw<UnreadableDataException>(() => message.DataAs<ErasureTaskDispatchedV1>()).Message.ShouldNotContain("jane");
    }

    [Theory]
    [InlineData("2026-01-02T03:04:05.1Z", true)]
    [InlineData("2026-01-02T03:04:05.123456789+05:30", true)]
    [InlineData("2026-01-02T03:04:05", false)]
    [InlineData("2026-01-02 03:04:05Z", false)]
    [InlineData("2026-02-30T03:04:05Z", false)]
    [InlineData("2026-01-02", false)]
    public void A_time_in_the_data_has_an_offset(string time, bool read)
    {
        var message = Read(SoundWith($$"""
            "data":{"purpose":"p","occurredAt":"{{time}}","actor":"subject","method":"m"}
            """));

        if (read) message.DataAs<WithdrawConsentV1>().OccurredAt.Day.ShouldBe(2);
        else Should.Throw<UnreadableDataException>(() => message.DataAs<WithdrawConsentV1>()).Message.ShouldContain("occurredAt");
    }

    private static string SoundWith(string attribute) => $"{Sound[..^1]},{attribute}}}";

    private static CloudEvent Read(string body) =>
        CloudEvent.TryRead(Encoding.UTF8.GetBytes(body), out var message, out var fault) ? message : throw new InvalidDataException($"{fault.Code}: {fault.Reason}");

    private static CloudEventFault Fault(string body)
    {
        CloudEvent.TryRead(Encoding.UTF8.GetBytes(body), out _, out var fault).ShouldBeFalse();
        fault!.Reason.ShouldNotBeEmpty();
        return fault;
    }
}
