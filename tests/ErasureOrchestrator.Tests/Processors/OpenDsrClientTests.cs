using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ErasureOrchestrator.Erasures.Running;
using ConsentLedger.ErasureOrchestrator.Processors;
using ConsentLedger.EventStore;
using ConsentLedger.Support;
using Microsoft.AspNetCore.Http;
using static ConsentLedger.ErasureOrchestrator.Tests.Processors.CallingProcessors;

namespace ConsentLedger.ErasureOrchestrator.Tests.Processors;

/// <summary>Processors that speak OpenDSR: honest ones, and each kind of liar. Whatever a liar says, nothing is done by it.</summary>
public sealed class OpenDsrClientTests : IAsyncDisposable
{
    private readonly CallingProcessors _here = new();

    public static TheoryData<string> Lies =>
    [
        "signature-missing", "signature-invalid", "signed for another domain", "receipt-differs", "answer-of-another", "answer-malformed", "certificate of nobody", "certificate of another domain",
        "certificate expired", "certificate-elsewhere", "certificate-malformed", "discovery-malformed",
    ];

    [Fact]
    public async Task An_honest_processor_signs_for_what_it_got_and_is_believed()
    {
        var processor = await _here.StartProcessorAsync();
        var reply = (await _here.SendAsync(CallOf(Mailer(processor)))).ShouldBeOfType<TaskReply.Accepted>();
        var id = CallbackUrls.DsrIdOf(TenantId.Parse("quintus"), People.Request, "mailer");
        reply.ShouldBe(new TaskReply.Accepted(id.ToString(), new DateTimeOffset(2027, 1, 2, 3, 4, 5, TimeSpan.Zero)));
        id.Version.ShouldBe(4);

        processor.Calls.ShouldBe(["GET /v2/discovery", "GET /cert.pem", "POST /v2/requests"]);
        var sent = JsonDocument.Parse(processor.Heard.Last().Body).RootElement;
        sent.GetProperty("regulation").GetString().ShouldBe("gdpr");
        sent.GetProperty("subject_request_id").GetString().ShouldBe(id.ToString());
        sent.GetProperty("subject_request_type").GetString().ShouldBe("erasure");
        sent.GetProperty("submitted_time").GetString().ShouldBe("2026-01-31T12:00:00Z");
        sent.GetProperty("subject_identities").GetArrayLength().ShouldBe(1);
        sent.GetProperty("subject_identities")[0].GetProperty("identity_value").GetString().ShouldBe(Canary);
        sent.GetProperty("status_callback_urls")[0].GetString().ShouldBe($"https://erasure.test/v1/processor-callbacks/opendsr/quintus/{People.Request}/mailer");
    }

    [Fact]
    public async Task Where_a_copy_lies_is_taken_from_the_signed_answer_and_only_where_one_can_go()
    {
        var processor = await _here.StartProcessorAsync();
        (processor.Status, processor.Twist) = ("completed", answer => (answer["results_url"], answer["results_count"]) = ("https://mailer.example/exports/7", 19));
        var call = CallOf(Mailer(processor), attempt: 2, type: RequestType.Access);
        (await _here.SendAsync(call)).ShouldBe(new TaskReply.Done(TaskOutcome.Provided, null, new SystemResults(new Uri("https://mailer.example/exports/7"), 19)));
        processor.Twist = answer => answer["results_url"] = "file:///etc/passwd";
        (await _here.SendAsync(call)).ShouldBe(new TaskReply.Unreachable("results-unfit", null));
    }

    [Fact]
    public async Task A_later_attempt_asks_before_it_submits_again()
    {
        var processor = await _here.StartProcessorAsync();
        processor.Status = "completed";
        (await _here.SendAsync(CallOf(Mailer(processor), attempt: 2))).ShouldBe(new TaskReply.Done(TaskOutcome.Erased, null));
        processor.Calls.ShouldNotContain("POST /v2/requests");

        processor.Status = "in_progress";
        (await _here.SendAsync(CallOf(Mailer(processor), reference: "x"))).ShouldBeOfType<TaskReply.Accepted>();
        processor.Status = "cancelled";
        (await _here.SendAsync(CallOf(Mailer(processor), reference: "x"))).ShouldBe(new TaskReply.Refused("cancelled"));

        processor.Before = context => Task.FromResult(NotFound(context));
        (await _here.SendAsync(CallOf(Mailer(processor), attempt: 2))).ShouldBeOfType<TaskReply.Accepted>();
        processor.Calls[^1].ShouldBe("POST /v2/requests");
    }

    [Fact]
    public async Task An_address_goes_out_only_in_a_form_that_the_processor_can_use()
    {
        var processor = await _here.StartProcessorAsync();
        processor.Identities = [SomeProcessor.Identity("email", "sha256"), SomeProcessor.Identity("controller_customer_id", "raw")];
        await _here.SendAsync(CallOf(Mailer(processor), identities: new SubjectIdentity("email", " Canary.Called@Example.org")));
        var sent = Encoding.UTF8.GetString(processor.Heard.Last().Body);
        sent.ShouldContain(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canary))));
        sent.ShouldNotContain("example.org", Case.Insensitive);
        sent.ShouldContain("0199aa00-0000-7000-8000-00000000000a");

        var blind = await _here.StartProcessorAsync();
        blind.Identities = [SomeProcessor.Identity("roku_publisher_id", "raw")];
        (await _here.SendAsync(CallOf(Mailer(blind, "tv")))).ShouldBe(new TaskReply.NotTold("identity-unsupported"), "it said nothing, so nobody says that it refused");
        (await _here.SendAsync(CallOf(Mailer(blind, "tv")) with { IsFurtherId = true })).ShouldBe(new TaskReply.Done(TaskOutcome.NothingHeld, "told-under-other-id"));
        blind.Calls.ShouldNotContain("POST /v2/requests");
    }

    [Theory]
    [InlineData(RequestType.Portability)] // its discovery does not name it
    [InlineData(RequestType.Rectification)] // OpenDSR does not
    [InlineData(RequestType.Restriction)]
    public async Task What_it_does_not_do_it_is_not_asked_for(RequestType type)
    {
        var processor = await _here.StartProcessorAsync();
        (await _here.SendAsync(CallOf(Mailer(processor), type: type))).ShouldBe(new TaskReply.Refused("type-unsupported"));
    }

    [Fact]
    public async Task An_endpoint_of_version_1_is_spoken_to_by_its_old_names()
    {
        var processor = await _here.StartProcessorAsync();
        await _here.SendAsync(CallOf(Mailer(processor, path: "v1")));
        processor.Calls.ShouldBe(["GET /v1/discovery", "GET /cert.pem", "POST /v1/opengdpr_requests"]);
    }

    [Fact]
    public async Task It_is_asked_for_its_certificate_again_where_a_signature_does_not_hold_but_not_each_time()
    {
        var processor = await _here.StartProcessorAsync();
        await _here.SendAsync(CallOf(Mailer(processor)));
        using var stranger = RSA.Create(2048);
        processor.SigningKey = stranger;
        for (var time = 0; time < 3; time++) (await _here.SendAsync(CallOf(Mailer(processor)))).ShouldBe(new TaskReply.Unreachable("signature-invalid", null));
        processor.Calls.Count(c => c == "GET /cert.pem").ShouldBe(1);
    }

    [Fact]
    public async Task Who_took_it_and_refuses_it_when_it_comes_again_has_it()
    {
        var processor = await _here.StartProcessorAsync();
        processor.Status = "in_progress";
        var posts = 0;
        processor.Before = async context =>
        {
            if (!HttpMethods.IsPost(context.Request.Method)) return false;
            if (++posts == 1) context.Abort();
            else await RefuseAsync(processor, context, 400);
            return true;
        };
        (await _here.SendAsync(CallOf(Mailer(processor)))).ShouldBeOfType<TaskReply.Accepted>();
        processor.Calls.Skip(2).ShouldBe(["POST /v2/requests", "POST /v2/requests", "GET /v2/requests"]);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(422)]
    public async Task Only_who_signs_refuses_for_good(int status)
    {
        var processor = await _here.StartProcessorAsync();
        var isSigning = false;
        processor.Before = async context =>
        {
            if (!HttpMethods.IsPost(context.Request.Method)) return NotFound(context);
            await RefuseAsync(processor, context, status, isSigning);
            return true;
        };
        (await _here.SendAsync(CallOf(Mailer(processor)))).ShouldBe(new TaskReply.Unreachable("signature-missing", null));
        isSigning = true;
        (await _here.SendAsync(CallOf(Mailer(processor)))).ShouldBe(new TaskReply.Refused($"status-{status}"));
    }

    [Fact]
    public async Task A_certificate_that_nobody_believes_names_no_url_that_is_fetched()
    {
        var processor = await _here.StartProcessorAsync();
        using var stranger = new DsrAuthority();
        var request = new CertificateRequest("CN=localhost", processor.SigningKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, caIssuersUris: [$"{processor.Url}issuer.cer"]));
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([$"{processor.Url}revoked.crl"]));
        using var issued = request.Create(stranger.Root, TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1), [1, 2, 3]);
        processor.Certificate = issued.CopyWithPrivateKey(processor.SigningKey);
        (await _here.SendAsync(CallOf(Mailer(processor)))).ShouldBe(new TaskReply.Unreachable("certificate-untrusted", null));
        processor.Calls.ShouldBe(["GET /v2/discovery", "GET /cert.pem"]);
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_lie_is_told_by_its_name_and_believed_by_nobody(string lie)
    {
        var processor = await _here.StartProcessorAsync();
        using var other = RSA.Create(2048);
        switch (lie)
        {
            case "signature-missing": processor.IsSigning = false; break;
            case "signature-invalid": processor.SigningKey = other; break;
            case "signed for another domain": processor.Domain = "elsewhere.example"; break;
            case "receipt-differs": Twist("encoded_request", Convert.ToBase64String("{}"u8)); break;
            case "answer-of-another": Twist("subject_request_id", "a7551968-d5d6-44b2-9831-815ac9017798"); break;
            case "answer-malformed": Twist("received_time", "yesterday"); break;
            case "certificate of nobody": processor.Certificate = DsrAuthority.SelfSigned("localhost", processor.SigningKey); break;
            case "certificate of another domain": processor.Certificate = _here.Authority.Issue("elsewhere.example", processor.SigningKey); break;
            case "certificate expired": processor.Certificate = _here.Authority.Issue("localhost", processor.SigningKey, until: TimeProvider.System.GetUtcNow().AddHours(-1)); break;
            case "certificate-elsewhere": processor.CertificateUrl = () => "https://elsewhere.example/cert.pem"; break;
            case "certificate-malformed": processor.Before = async context => context.Request.Path == "/cert.pem" && await SayAsync(context, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"); break;
            case "discovery-malformed": Twist("supported_identities", null); break;
        }

        var code = lie switch
        {
            "signed for another domain" => "signature-invalid",
            "certificate of nobody" or "certificate of another domain" or "certificate expired" => "certificate-untrusted",
            _ => lie,
        };
        (await _here.SendAsync(CallOf(Mailer(processor)))).ShouldBe(new TaskReply.Unreachable(code, null));

        void Twist(string member, string? value) => processor.Twist = answer =>
        {
            if (answer.ContainsKey(member)) answer[member] = value;
        };
    }

    public ValueTask DisposeAsync() => _here.DisposeAsync();

    private static bool NotFound(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) || !context.Request.Path.StartsWithSegments("/v2/requests")) return false;
        context.Response.StatusCode = 404;
        return true;
    }

    private static async Task RefuseAsync(SomeProcessor processor, HttpContext context, int status, bool isSigning = true)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"error":{"code":{{status}} } }""");
        context.Response.StatusCode = status;
        if (isSigning)
        {
            context.Response.Headers["X-OpenDSR-Processor-Domain"] = processor.Domain;
            context.Response.Headers["X-OpenDSR-Signature"] = Convert.ToBase64String(processor.SigningKey.SignData(body, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }

        await context.Response.Body.WriteAsync(body);
    }

    private static async Task<bool> SayAsync(HttpContext context, string text)
    {
        await context.Response.WriteAsync(text);
        return true;
    }
}
