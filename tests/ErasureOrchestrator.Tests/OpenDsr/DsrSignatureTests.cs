using System.Security.Cryptography;
using System.Text;
using ConsentLedger.ErasureOrchestrator.OpenDsr.Wire;
using ConsentLedger.Support;
using Microsoft.Extensions.Primitives;

namespace ConsentLedger.ErasureOrchestrator.Tests.OpenDsr;

public sealed class DsrSignatureTests : IDisposable
{
    private readonly DsrAuthority _authority = new();
    private readonly RSA _key = RSA.Create(2048);
    private readonly byte[] _body = Encoding.UTF8.GetBytes("""{"request_status":"completed"}""");

    [Fact]
    public void A_body_is_signed_with_RSA_and_SHA_256()
    {
        using var certificate = _authority.Issue("opendsr.example.org", _key);
        var signature = DsrSignature.Sign(_key, _body);
        DsrSignature.Verifies(certificate, _body, signature).ShouldBeTrue();
        _key.VerifyHash(SHA256.HashData(_body), Convert.FromBase64String(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).ShouldBeTrue();
    }

    [Fact]
    public void Every_flipped_bit_of_body_and_signature_is_found()
    {
        using var certificate = _authority.Issue("opendsr.example.org", _key);
        var signature = DsrSignature.Sign(_key, _body);
        for (var i = 0; i < _body.Length * 8; i++)
        {
            var flipped = _body.ToArray();
            flipped[i / 8] ^= (byte)(1 << (i % 8));
            DsrSignature.Verifies(certificate, flipped, signature).ShouldBeFalse();
        }

        for (var i = 0; i < signature.Length; i++)
        {
            var flipped = signature.ToCharArray();
            flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
            DsrSignature.Verifies(certificate, _body, new string(flipped)).ShouldBeFalse();
        }

        DsrSignature.Verifies(certificate, _body, $"{signature[..76]}\n{signature[76..]}").ShouldBeFalse("one text for one signature");
        DsrSignature.Verifies(certificate, _body, "").ShouldBeFalse();
        DsrSignature.Verifies(certificate, _body, new string('A', 100_000)).ShouldBeFalse();
    }

    [Fact]
    public void A_short_key_signs_nothing_that_counts()
    {
        using var key = RSA.Create(1024);
        using var certificate = _authority.Issue("opendsr.example.org", key);
        DsrSignature.Verifies(certificate, _body, DsrSignature.Sign(key, _body)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("X-OpenDSR-Processor-Domain", "X-OpenDSR-Signature", true)]
    [InlineData("X-OpenGDPR-Processor-Domain", "X-OpenGDPR-Signature", true)]
    [InlineData("X-OpenDSR-Processor-Domain", "X-OpenGDPR-Signature", true)]
    [InlineData("X-OpenDSR-Processor-Domain", "X-Signature", false)]
    public void Both_names_of_a_header_count(string domain, string signature, bool counts)
    {
        var headers = new Dictionary<string, StringValues> { [domain] = "a.example", [signature] = "AAAA" };
        DsrHeaders.TryRead(name => headers.GetValueOrDefault(name), out _, out _).ShouldBe(counts);
    }

    [Fact]
    public void Two_names_that_say_two_things_say_nothing()
    {
        var headers = new Dictionary<string, StringValues> { ["X-OpenDSR-Processor-Domain"] = "a.example", ["X-OpenGDPR-Processor-Domain"] = "b.example", ["X-OpenDSR-Signature"] = "AAAA" };
        DsrHeaders.TryRead(name => headers.GetValueOrDefault(name), out _, out _).ShouldBeFalse();
        headers["X-OpenGDPR-Processor-Domain"] = "a.example";
        DsrHeaders.TryRead(name => headers.GetValueOrDefault(name), out _, out _).ShouldBeTrue();
        headers["X-OpenDSR-Signature"] = (string[])["AAAA", "BBBB"];
        DsrHeaders.TryRead(name => headers.GetValueOrDefault(name), out _, out _).ShouldBeFalse();
    }

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
    }
}
