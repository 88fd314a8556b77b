using System.Buffers.Text;
using ConsentLedger.EventStore;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Confirming;
using ConsentLedger.MarketingPreference.Links;
using ConsentLedger.MarketingPreference.PreferenceCentre;
using ConsentLedger.MarketingPreference.Unsubscribing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
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
    public void The_first_of_several_keys_signs_and_what_the_others_signed_is_still_a_link()
    {
        var (before, after) = (WithKey(1), WithKey(2, 1));
        after.Find(before.TokenOf(Link), Noon).ShouldBe(Link);
        after.Find(after.TokenOf(Link), Noon).ShouldBe(Link);
        after.TokenOf(Link).ShouldBe(WithKey(2).TokenOf(Link));
        before.Find(after.TokenOf(Link), Noon).ShouldBeNull();
        WithKey(1, 2).Find(after.TokenOf(Link), Noon).ShouldBe(Link, "each replica knows the next key before any signs with it");
        WithKey(2).Find(before.TokenOf(Link), Noon).ShouldBeNull();

        // The id of one key and the signature of another.
        var (first, second) = (Base64Url.DecodeFromChars(before.TokenOf(Link)), Base64Url.DecodeFromChars(after.TokenOf(Link)));
        after.Find(Base64Url.EncodeToString([.. first[..^16], .. second[^16..]]), Noon).ShouldBeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_file_of_something_else_is_no_keys(int bytes) => Should.Throw<ArgumentException>(() => new UnsubscribeLinks(new byte[bytes], new Uri("https://preferences.example/")));

    [Fact]
    public void An_earlier_key_opens_the_ways_out_of_a_mail_and_no_preference_centre()
    {
        var (services, keys) = (new ServiceCollection(), Path.GetTempFileName());
        try
        {
            File.WriteAllBytes(keys, [.. Enumerable.Repeat((byte)2, 32), .. Enumerable.Repeat((byte)1, 32)]);
            File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            services.AddLinks(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Links:KeyFile"] = keys, ["Links:PublicUrl"] = "https://preferences.example/base/" }).Build());
        }
        finally
        {
            File.Delete(keys);
        }

        using var rotated = services.BuildServiceProvider();
        var (earlier, url) = (Enumerable.Repeat((byte)1, 32).ToArray(), new Uri("https://preferences.example/base/"));
        var (page, confirmation) = (new PreferenceLink(Link.Tenant, Somebody, LinkScope.Page, null, Noon.AddHours(1)), new ConfirmationLink(Link.Tenant, Somebody, "newsletter", "email", null, null, Noon.AddDays(1), FirstStep: 7));
        rotated.GetRequiredService<UnsubscribeLinks>().Find(WithKey(1).TokenOf(Link), Noon).ShouldBe(Link);
        rotated.GetRequiredService<ConfirmationLinks>().Find(new ConfirmationLinks(earlier, url).TokenOf(confirmation)).ShouldBe(confirmation);
        rotated.GetRequiredService<PreferenceLinks>().Find(new PreferenceLinks(earlier, url).TokenOf(page), Noon).ShouldBeNull();
        var ours = rotated.GetRequiredService<PreferenceLinks>();
        ours.Find(ours.TokenOf(page), Noon).ShouldBe(page);
    }

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

    private static UnsubscribeLinks WithKey(params byte[] keys) => new(keys.SelectMany(key => Enumerable.Repeat(key, 32)).ToArray(), new Uri("https://preferences.example/base/"));
}
