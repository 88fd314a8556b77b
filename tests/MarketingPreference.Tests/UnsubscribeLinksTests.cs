using System.Buffers.Text;
using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Unsubscribing;
using static ConsentLedger.MarketingPreference.Tests.People;

namespace ConsentLedger.MarketingPreference.Tests;

public sealed class UnsubscribeLinksTests
{
    private static readonly UnsubscribeLinks Links = WithKey(1);

    [Fact]
    public void A_link_comes_back_as_it_was_signed()
    {
        Links.Find(Links.TokenOf(Link), Noon).ShouldBe(Link);
        var bare = Link with { DeliveryId = null, RecipientRef = null };
        Links.Find(Links.TokenOf(bare), Noon).ShouldBe(bare);
        var longest = Link with
        {
            Tenant = TenantId.Parse(new string('t', 63)),
            Topic = new string('a', 63),
            DeliveryId = WordOf(new string('d', 64)),
            RecipientRef = WordOf(new string('r', 64)),
        };
        Links.Find(Links.TokenOf(longest), Noon).ShouldBe(longest);
    }

    [Fact]
    public void Its_address_is_the_public_one_and_plain() => Links.HeaderOf(Link).ShouldMatch("^<https://preferences[.]example/base/u/[A-Za-z0-9_-]+>$");

    [Fact]
    public void It_ends_when_it_says()
    {
        Links.Find(Links.TokenOf(Link), Link.ExpiresAt.AddSeconds(-1)).ShouldNotBeNull();
        Links.Find(Links.TokenOf(Link), Link.ExpiresAt).ShouldBeNull();
    }

    [Fact]
    public void No_byte_of_it_can_be_changed_left_out_or_added()
    {
        var genuine = Base64Url.DecodeFromChars(Links.TokenOf(Link));
        for (var i = 0; i < genuine.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var forged = genuine.ToArray();
                forged[i] ^= (byte)(1 << bit);
                Links.Find(Base64Url.EncodeToString(forged), Noon).ShouldBeNull($"bit {bit} of byte {i}");
            }

            Links.Find(Base64Url.EncodeToString(genuine.AsSpan(..i)), Noon).ShouldBeNull();
        }

        Links.Find(Base64Url.EncodeToString([.. genuine, 0]), Noon).ShouldBeNull();
    }

    [Fact]
    public void Another_key_signs_other_links() => Links.Find(WithKey(2).TokenOf(Link), Noon).ShouldBeNull();

    [Fact]
    public void The_tag_of_the_address_travels_along_where_there_is_one()
    {
        var tagged = Link with { Address = AddressTag.TryParse(new string('7', 64), out var tag) ? tag : null };
        Links.Find(Links.TokenOf(tagged), Noon).ShouldBe(tagged);
        Links.Find(Links.TokenOf(Link), Noon).ShouldBe(Link);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AQ")]
    [InlineData("not base64!")]
    [InlineData("%F0%9F%92%A9")]
    public void Nonsense_is_no_link(string token) => Links.Find(token, Noon).ShouldBeNull();

    [Fact]
    public void Neither_is_something_endless() => Links.Find(new string('A', 10_000), Noon).ShouldBeNull();

    [Theory]
    [InlineData("https://preferences.example", true)]
    [InlineData("http://localhost:8102", true)]
    [InlineData("http://127.0.0.1:8102/base", true)]
    [InlineData("http://preferences.example", false)]
    [InlineData("ftp://preferences.example", false)]
    public void It_leads_over_https_or_nowhere_but_on_this_machine(string publicUrl, bool isTaken)
    {
        var making = () => new UnsubscribeLinks(new byte[32], new Uri(publicUrl));
        if (isTaken) making.ShouldNotThrow();
        else making.ShouldThrow<InvalidOperationException>().Message.ShouldContain("Links__PublicUrl");
    }

    private static UnsubscribeLink Link => new(TenantId.Parse(Packs.Tenant), Somebody, "newsletter", "email", WordOf("mail-1"), WordOf("r.2"), Noon.AddDays(1));

    private static UnsubscribeLinks WithKey(byte key) => new(Enumerable.Repeat(key, 32).ToArray(), new Uri("https://preferences.example/base/"));
}
