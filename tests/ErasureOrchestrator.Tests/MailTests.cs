using System.Net;
using System.Net.Sockets;
using ConsentLedger.ErasureOrchestrator.Identities;

namespace ConsentLedger.ErasureOrchestrator.Tests;

/// <summary>What goes wrong with one mail is said of that mail, and in time.</summary>
public sealed class MailTests
{
    [Theory]
    [InlineData(".a@b.se")]
    [InlineData("a..b@b.se")]
    [InlineData("a@b.se.")]
    public void An_address_that_no_mail_takes_is_not_taken(string address)
    {
        MailAddress.IsSound("a.b@b.se").ShouldBeTrue();
        MailAddress.IsSound(".a@b.se").ShouldBeFalse();
        Taken(address).ShouldBe(MailAddress.IsSound(address));

        static bool Taken(string address)
        {
            try
            {
                using var message = new System.Net.Mail.MailMessage("from@b.se", address);
                return message.To.Single().Address == address;
            }
            catch (FormatException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task An_address_that_is_none_is_one_mail_that_cannot_be_sent() =>
        (await Should.ThrowAsync<MailUnavailableException>(() => new SmtpMail(new Uri("smtp://127.0.0.1:1"), "from@b.se", null, null).SendAsync(new Mail("@", "subject", "text"), CancellationToken.None)))
            .InnerException.ShouldBeOfType<FormatException>();

    [Fact]
    public async Task A_server_that_hangs_is_left_alone_after_a_while()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var mail = new SmtpMail(new Uri($"smtp://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}"), "from@b.se", null, null) { Patience = TimeSpan.FromMilliseconds(100) };
        (await Should.ThrowAsync<MailUnavailableException>(() => mail.SendAsync(new Mail("a@b.se", "subject", "text"), CancellationToken.None))).InnerException.ShouldBeOfType<TimeoutException>();
    }
}
