using System.Text.Json;
using ConsentLedger.MarketingPreference.Addresses;

namespace ConsentLedger.MarketingPreference.Tests.Addresses;

public sealed class AddressTagTests
{
    private static readonly string Tag = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));

    [Fact]
    public void Is_sixty_four_lower_case_hexadecimal_digits()
    {
        AddressTag.TryParse(Tag, out var tag).ShouldBeTrue();
        tag.ToString().ShouldBe(Tag);
        JsonSerializer.Deserialize<AddressTag>(JsonSerializer.Serialize(tag)).ShouldBe(tag);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("anna@example.com")]
    [InlineData("0123456789abcdef")]
    [InlineData("0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n")]
    public void Is_nothing_else(string? text)
    {
        AddressTag.TryParse(text, out _).ShouldBeFalse();
        if (text is not null) Should.Throw<JsonException>(() => JsonSerializer.Deserialize<AddressTag>(JsonSerializer.Serialize(text)));
    }
}
