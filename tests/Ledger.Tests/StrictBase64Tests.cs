using System.Text;
using FsCheck.Fluent;

namespace ConsentLedger.Ledger.Tests;

public sealed class StrictBase64Tests
{
    [Fact]
    public void Bytes_have_one_text_and_it_is_the_usual_one() => Properties.Hold(Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().ToArbitrary(), bytes =>
    {
        var text = Convert.ToBase64String(bytes);
        StrictBase64.Decode(Encoding.ASCII.GetBytes(text)).ShouldBe(bytes);
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
        for (var i = 0; i < text.Length; i++)
            foreach (var other in Alphabet.Where(c => c != text[i]))
                if (StrictBase64.Decode(Encoding.ASCII.GetBytes($"{text[..i]}{other}{text[(i + 1)..]}")) is { } read)
                    read.ShouldNotBe(bytes);
    });

    [Theory]
    [InlineData("A")]
    [InlineData("AA")]
    [InlineData("AAA")]
    [InlineData("AA==AA==")]
    [InlineData("AB==")]
    [InlineData("AAB=")]
    [InlineData("A===")]
    [InlineData("====")]
    [InlineData("AA =")]
    [InlineData("AAAA\n")]
    [InlineData(" AAA")]
    [InlineData("AA\n=")]
    [InlineData("AAAA    ")]
    [InlineData("AA\t\r\n ==")]
    [InlineData("AA-_")]
    public void Any_other_text_is_refused(string text) => StrictBase64.Decode(Encoding.ASCII.GetBytes(text)).ShouldBeNull();
}
