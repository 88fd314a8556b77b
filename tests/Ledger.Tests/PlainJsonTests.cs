using System.Buffers;
using System.Text;

namespace ConsentLedger.Ledger.Tests;

/// <summary>The short way may never say yes where the long way would write something else.</summary>
public sealed class PlainJsonTests
{
    private const string Alphabet = "{}[]\":,a0-1. ";

    [Fact]
    public void Every_text_of_up_to_six_signs_that_is_taken_as_it_stands_is_what_the_long_way_writes()
    {
        var taken = 0;
        foreach (var text in Texts(6).Where(text => PlainJson.IsCanonical(text)))
        {
            Rewritten(text).ShouldBe(text, Encoding.ASCII.GetString(text));
            taken++;
        }

        taken.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public void Every_text_of_up_to_three_signs_without_a_fraction_that_is_canonical_is_taken_as_it_stands() =>
        Texts(3).Where(text => !text.Contains((byte)'.') && !PlainJson.IsCanonical(text) && Rewritten(text) is { } rewritten && rewritten.AsSpan().SequenceEqual(text)).Select(Encoding.ASCII.GetString).ShouldBeEmpty();

    [Theory]
    [InlineData("""{"a":1,"b":{"c":[true,false,null,"x",-12]}}""", true)]
    [InlineData("""{"b":1,"a":2}""", false)]
    [InlineData("""{"a":1,"a":2}""", false)]
    [InlineData("""{"a":1,"aa":2,"b":3}""", true)]
    [InlineData("""["\n"]""", false)]
    [InlineData("""["é"]""", false)]
    [InlineData("999999999999999", true)]
    [InlineData("9007199254740993", false)]
    [InlineData("1e2", false)]
    [InlineData("truex", false)]
    public void It_knows_what_it_is_for(string json, bool plain) => PlainJson.IsCanonical(Encoding.UTF8.GetBytes(json)).ShouldBe(plain);

    private static byte[]? Rewritten(byte[] json)
    {
        var output = new ArrayBufferWriter<byte>();
        return CanonicalJson.TryRewrite(json, output, out _) ? output.WrittenSpan.ToArray() : null;
    }

    private static IEnumerable<byte[]> Texts(int length) =>
        length == 0 ? [[]] : Texts(length - 1).SelectMany(shorter => shorter.Length < length - 1 ? [shorter] : (IEnumerable<byte[]>)[shorter, .. Alphabet.Select(sign => (byte[])[.. shorter, (byte)sign])]);
}
