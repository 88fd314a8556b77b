using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.ServiceDefaults;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

/// <summary>What is read and written by hand, because there is so much of it, is what the framework would read and write.</summary>
public sealed class SendLinesTests
{
    private static readonly string Id = Somebody.ToString(), Tag = new('a', 64);

    [Fact]
    public void A_plain_line_is_read_by_hand_and_says_the_same()
    {
        string[] lines =
        [
            $$"""{"subject":"{{Id}}","topic":"newsletter","channel":"email"}""",
            $$""" { "channel" : "sms" , "headers":false,"topic":"","subject":"{{Id}}" } """,
            $$"""{"subject":"{{Id}}","topic":"newsletter","channel":"email","recipient":"partner","deliveryId":"mail-1","recipientRef":"r_2","headers":true,"address":"{{Tag}}","category":"consumer","jurisdiction":"US-CA","timeZone":"Europe/Paris"}""",
        ];
        foreach (var line in lines)
        {
            var bytes = Encoding.UTF8.GetBytes(line);
            new QuestionReader().TryReadPlain(bytes, out var question).ShouldBeTrue(line);
            StrictJson.TryRead<SendQuestion>(bytes, out var expected, out _).ShouldBeTrue(line);
            question.ShouldBe(expected);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"subject":"ID","topic":"newsletter"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email"} x""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email"},""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email",}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","channel":"sms"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","mailbox":"x"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","Topic":"x"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","headers":"false"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","headers":null}""")]
    [InlineData("""{"subject":"ID","topic":null,"channel":"email"}""")]
    [InlineData("""{"subject":"ID","topic":7,"channel":"email"}""")]
    [InlineData("""{"subject":"ID","topic":{"x":1},"channel":"email"}""")]
    [InlineData("""{"subject":"ID","topic":"news\u006cetter","channel":"email"}""")]
    [InlineData("""{"subject":"ID","topic":"news\u0000letter","channel":"email"}""")]
    [InlineData("""{"subject":"ID","topic":"lettre d’information","channel":"email"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","timeZone":"Atlantis"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","deliveryId":"anna@example.org"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email","address":"anna@example.org"}""")]
    [InlineData("""{"subject":"018F0000-0000-7000-8000-00000000000A","topic":"newsletter","channel":"email"}""")]
    [InlineData("""{"subject":"018f0000-0000-1000-8000-00000000000a","topic":"newsletter","channel":"email"}""")]
    [InlineData("""{"subject":"018f0000-0000-7000-c000-00000000000a","topic":"newsletter","channel":"email"}""")]
    [InlineData("""{"subject":"{018f0000-0000-7000-8000-0000000000a}","topic":"newsletter","channel":"email"}""")]
    [InlineData("""{"subject":"ID","topic":"newsletter","channel":"email" /* so */}""")]
    public void Whatever_is_not_plain_means_what_it_always_meant(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line.Replace("ID", Id, StringComparison.Ordinal));
        var isGood = StrictJson.TryRead<SendQuestion>(bytes, out var expected, out var fault);
        new QuestionReader().TryRead(bytes, out var question, out var problem).ShouldBe(isGood);
        question.ShouldBe(expected);
        problem.ShouldBe(fault);
        if (!isGood) new QuestionReader().TryReadPlain(bytes, out _).ShouldBeFalse();
    }

    [Fact]
    public void An_answer_is_written_as_the_framework_writes_it()
    {
        var full = new SendAnswer(true, "consent_given", NewId(), 5, new ConsentGround("consent_given", 7), "2018-05-25", "<https://preferences.example/u/abc>", "List-Unsubscribe=One-Click", Noon);
        SendAnswer[] answers =
        [
            full, full with { Consent = null }, full with { Consent = new ConsentGround("opt_out_regime", null) }, new(false, "policy_missing", NewId(), null, null, null, null, null),
            full with { Rule = "a \"rule\" ü < +", PolicyVersion = "1.0.0", NotBefore = Noon.AddMilliseconds(1).ToOffset(TimeSpan.FromHours(2)) },
        ];
        foreach (var answer in answers)
        {
            var written = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(written, new JsonWriterOptions { Encoder = StrictJson.Options.Encoder })) AnswerWriter.Write(json, answer);
            Encoding.UTF8.GetString(written.WrittenSpan).ShouldBe(JsonSerializer.Serialize(answer, StrictJson.Options));
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task Lines_are_the_same_wherever_the_network_cuts_them(int seed)
    {
        const int MaxBytes = 40;
        var chance = new Random(seed);
        var sent = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(i => new string((char)('a' + (i % 26)), chance.Next(0, 60)) + (chance.Next(3) == 0 ? " \r\n" : "\n"))) + "the end");
        var expected = new List<(long, string?)>();
        var number = 0L;
        await foreach (var line in BoundedLines.ReadAsync(PipeReader.Create(new MemoryStream(sent)), MaxBytes, CancellationToken.None))
        {
            number++;
            if (line is null || !line.AsSpan().Trim(" \t\r"u8).IsEmpty) expected.Add((number, line is null ? null : Encoding.UTF8.GetString(line)));
        }

        var pipe = new Pipe();
        var sending = Task.Run(async () =>
        {
            for (var rest = sent.AsMemory(); !rest.IsEmpty;)
            {
                var some = Math.Min(rest.Length, chance.Next(1, 200));
                await pipe.Writer.WriteAsync(rest[..some]);
                rest = rest[some..];
            }

            await pipe.Writer.CompleteAsync();
        });
        var read = new List<(long, string?)>();
        await LinesPart.ReadAsync(pipe.Reader, 16, MaxBytes, part =>
        {
            using (part)
            {
                part.Count.ShouldBeInRange(1, 16);
                for (var i = 0; i < part.Count; i++) read.Add((part.NumberOf(i), part.TryGet(i, out var bytes) ? Encoding.UTF8.GetString(bytes.Span) : null));
            }

            return ValueTask.CompletedTask;
        }, CancellationToken.None);
        await sending;
        read.ShouldBe(expected);
    }

    [Fact]
    public void Decision_ids_are_made_many_at_once_and_tell_their_moment()
    {
        var ids = DecisionIds.Make(1000, Noon);
        ids.Distinct().Count().ShouldBe(1000);
        ids.ShouldAllBe(id => id.Version == 7 && id.Variant >= 8 && id.Variant <= 11);
        var ms = ids.Select(id => Convert.ToInt64(id.ToString("N")[..12], 16)).Distinct().ShouldHaveSingleItem();
        ms.ShouldBe(Noon.ToUnixTimeMilliseconds());
    }
}
