using System.Text.Json;
using ConsentLedger.Consent.Consents;

namespace ConsentLedger.Consent.Tests;

public sealed class TokenTests
{
    [Theory]
    [InlineData("web-form")]
    [InlineData("partner-offers-v1")]
    [InlineData("FR-75")]
    [InlineData("shop.example/checkout_2")]
    [InlineData("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    public void A_word_is_taken(string text)
    {
        Token.Parse(text).Value.ShouldBe(text);
        JsonSerializer.Deserialize<Token>(JsonSerializer.Serialize(Token.Parse(text))).ShouldBe(Token.Parse(text));
    }

    [Theory]
    [InlineData("person@example.org")]
    [InlineData("person%40example.org,")]
    [InlineData("+33 1 23 45 67 89")]
    [InlineData("She asked for it on the phone")]
    [InlineData("12 High Street, Springfield")]
    [InlineData("naïve")]
    [InlineData("web-form\n")]
    [InlineData("")]
    public void An_address_or_a_sentence_is_not(string text)
    {
        Token.TryParse(text).ShouldBeNull();
        Should.Throw<FormatException>(() => Token.Parse(text));
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<Token>(JsonSerializer.Serialize(text)));
    }

    [Fact]
    public void A_token_has_at_most_200_characters()
    {
        Token.TryParse(new string('a', 200)).ShouldNotBeNull();
        Token.TryParse(new string('a', 201)).ShouldBeNull();
    }

    [Fact]
    public void A_number_is_no_token() => Should.Throw<JsonException>(() => JsonSerializer.Deserialize<Token>("7"));
}
