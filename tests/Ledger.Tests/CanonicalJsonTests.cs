using System.Buffers;
using System.Text;
using FsCheck.Fluent;

namespace ConsentLedger.Ledger.Tests;

public sealed class CanonicalJsonTests
{
    /// <summary>RFC 8785, section 3.2.2.</summary>
    [Fact]
    public void The_example_of_the_standard_comes_out_as_there() => Canonical(
        """
        {
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }
        """).ShouldBe("""{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""");

    /// <summary>RFC 8785, section 3.2.3: by UTF-16 unit, so that the grinning face comes before the Hebrew letter.</summary>
    [Fact]
    public void Members_stand_in_the_order_of_their_UTF_16_units() => Canonical(
        """
        {
          "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
          "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
        }
        """).ShouldBe("{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"\U0001F600\":\"Emoji: Grinning Face\",\"\uFB33\":\"Hebrew Letter Dalet With Dagesh\"}");

    /// <summary>RFC 8785, appendix B.</summary>
    [Theory]
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0xffefffffffffffff, "-1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0xc340000000000000, "-9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x44b52d02c7e14af7, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4f, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555554, "333333333.33333325")]
    [InlineData(0x41b3de4355555555, "333333333.3333333")]
    [InlineData(0x41b3de4355555556, "333333333.3333334")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void Numbers_are_printed_as_ECMAScript_prints_them(ulong bits, string text)
    {
        EcmaScriptNumber.Format(BitConverter.UInt64BitsToDouble(bits)).ShouldBe(text);
        Canonical(text).ShouldBe(text);
    }

    [Theory]
    [InlineData(0x7fffffffffffffff)]
    [InlineData(0x7ff0000000000000)]
    [InlineData(0xfff0000000000000)]
    public void What_is_no_number_is_not_printed(ulong bits) => Should.Throw<ArgumentOutOfRangeException>(() => EcmaScriptNumber.Format(BitConverter.UInt64BitsToDouble(bits)));

    [Theory]
    [InlineData("1.0", "1")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0")]
    [InlineData("100", "100")]
    [InlineData("1E2", "100")]
    [InlineData("-12.5e-1", "-1.25")]
    [InlineData("9007199254740991", "9007199254740991")]
    [InlineData("1e-7", "1e-7")]
    [InlineData("0.0000001", "1e-7")]
    [InlineData("123456789012345680000", "123456789012345680000")]
    public void A_number_has_one_form(string json, string canonical) => Canonical(json).ShouldBe(canonical);

    [Theory]
    [InlineData("", "json_malformed")]
    [InlineData("{", "json_malformed")]
    [InlineData("{}{}", "json_malformed")]
    [InlineData("{\"a\":1,}", "json_malformed")]
    [InlineData("[1] // one", "json_malformed")]
    [InlineData("NaN", "json_malformed")]
    [InlineData("Infinity", "json_malformed")]
    [InlineData("01", "json_malformed")]
    [InlineData("+1", "json_malformed")]
    [InlineData("'a'", "json_malformed")]
    [InlineData("\"a\u0001\"", "json_malformed")]
    [InlineData("\uFEFF{}", "json_malformed")]
    [InlineData("{\"a\":1,\"b\":2,\"a\":1}", "json_name_duplicate")]
    [InlineData("{\"a\":1,\"\\u0061\":1}", "json_name_duplicate")]
    [InlineData("[{\"a\":{\"b\":1,\"b\":2}}]", "json_name_duplicate")]
    [InlineData("\"\\ud83d\"", "json_text_invalid")]
    [InlineData("\"\\ude00\\ud83d\"", "json_text_invalid")]
    [InlineData("{\"\\ud83d\":1}", "json_text_invalid")]
    [InlineData("1e400", "json_number_inexact")]
    [InlineData("-1e400", "json_number_inexact")]
    [InlineData("9007199254740993", "json_number_inexact")]
    [InlineData("-9007199254740993", "json_number_inexact")]
    [InlineData("295147905179352830001", "json_number_inexact")]
    public void What_has_no_canonical_form_is_refused(string json, string code) => FaultOf(Encoding.UTF8.GetBytes(json)).ShouldBe(code);

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_refused()
    {
        FaultOf([(byte)'"', 0xC3, (byte)'"']).ShouldBe("json_text_invalid");
        FaultOf([(byte)'"', 0xED, 0xA0, 0x80, (byte)'"']).ShouldBe("json_text_invalid");
        FaultOf([0xFF]).ShouldBe("json_malformed");
    }

    [Fact]
    public void Depth_has_an_end()
    {
        Canonical(new string('[', 64) + new string(']', 64)).Length.ShouldBe(128);
        FaultOf(Encoding.UTF8.GetBytes(new string('[', 65) + new string(']', 65))).ShouldBe("json_malformed");
    }

    [Fact]
    public void Escaped_is_what_must_be_and_nothing_else() =>
        Canonical("""["\u0000\u001f\u007f\u0080\u2028\u003c\b\t\n\f\r\u0022\\\/"]""").ShouldBe("[\"\\u0000\\u001f\u007f\u0080\u2028<\\b\\t\\n\\f\\r\\\"\\\\/\"]");

    [Fact]
    public void The_canonical_form_is_its_own() => Properties.Hold(Gen.Choose(0, int.MaxValue).ArrayOf().ToArbitrary(), seeds =>
    {
        var members = seeds.Select(s => $"\"\\u{s % 0xD800:x4}{(s % 3 == 0 ? "\\ud83d\\ude00" : "")}{s}\": {BitConverter.Int32BitsToSingle(s & 0x7EFFFFFF):R}").Distinct().ToList();
        var one = Canonical($"{{{string.Join(", ", members)}}}");
        members.Reverse();
        Canonical($"{{ {string.Join(",\n", members)} }}").ShouldBe(one);
        Canonical(one).ShouldBe(one);
    });

    [Fact]
    public void A_commitment_is_over_the_salt_the_events_name_and_its_canonical_facts()
    {
        var salt = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        var expected = Hash.Of(System.Security.Cryptography.SHA256.HashData(
            [.. salt, .. """{"data":{"channel":"email","purpose":"newsletter"},"type":"consent.granted.v1"}"""u8]));
        foreach (var facts in (string[])["""{"channel":"email","purpose":"newsletter"}""", """ { "purpose" : "newsletter", "channel":"\u0065mail" } """])
            Commit(facts).ShouldBe(expected);

        Commit("""{"channel":"email","purpose":"newsletter"}""", type: "consent.withdrawn.v1").ShouldNotBe(expected);
        FactsCommitment.TryCommit(salt, "consent.granted.v1", "{"u8.ToArray(), out var none, out var fault).ShouldBeFalse();
        (none.IsZero, fault!.Code).ShouldBe((true, "json_malformed"));
        salt[31]++;
        Commit("""{"channel":"email","purpose":"newsletter"}""").ShouldNotBe(expected);
        Should.Throw<ArgumentException>(() => FactsCommitment.TryCommit(salt.AsSpan(1), "consent.granted.v1", "{}"u8.ToArray(), out _, out _));

        Hash Commit(string data, string type = "consent.granted.v1")
        {
            FactsCommitment.TryCommit(salt, type, Encoding.UTF8.GetBytes(data), out var commitment, out _).ShouldBeTrue();
            var canonical = Encoding.UTF8.GetBytes(Canonical(data));
            FactsCommitment.OfCanonical(salt, Encoding.UTF8.GetBytes(type), canonical).ShouldBe(commitment);
            return commitment;
        }
    }

    [Theory]
    [InlineData("{}", true)]
    [InlineData("""{"a":1,"b":[true,null,"é"]}""", true)]
    [InlineData("""{"a": 1}""", false)]
    [InlineData("""{"b":1,"a":1}""", false)]
    [InlineData("""{"a":"\u00e9"}""", false)]
    [InlineData("""{"a":1.0}""", false)]
    [InlineData("""{"a":1,"a":1}""", false)]
    [InlineData("""{"a":1}{}""", false)]
    [InlineData("", false)]
    public void Only_the_one_form_is_canonical(string json, bool canonical) => CanonicalJson.IsCanonical(Encoding.UTF8.GetBytes(json)).ShouldBe(canonical);

    private static string Canonical(string json)
    {
        var output = new ArrayBufferWriter<byte>();
        CanonicalJson.TryWrite(Encoding.UTF8.GetBytes(json), output, out var fault).ShouldBeTrue(fault?.Code);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string FaultOf(byte[] json)
    {
        CanonicalJson.TryWrite(json, new ArrayBufferWriter<byte>(), out var fault).ShouldBeFalse();
        return fault!.Code;
    }
}
