using System.Net;
using System.Net.Mail;
using System.Text;

namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <summary>A mail to a person. Nothing of it is logged.</summary>
public sealed record Mail(string To, string Subject, string Text)
{
    public override string ToString() => "mail";
}

/// <summary>Mail cannot be sent now.</summary>
public sealed class MailUnavailableException(Exception inner) : Exception("The mail could not be handed over.", inner);

/// <summary>Where mail goes out.</summary>
public interface IOutgoingMail
{
    /// <exception cref="MailUnavailableException"/>
    Task SendAsync(Mail mail, CancellationToken ct);
}

/// <summary>Over SMTP to the server that <c>Mail:Smtp</c> names, with STARTTLS unless that is on this machine, or <c>Mail:StartTls</c> says otherwise. A server that has to offer it and does not is handed nothing.</summary>
public sealed class SmtpMail(Uri server, string from, string? user, string? password) : IOutgoingMail
{
    public bool StartTls { get; init; } = !server.IsLoopback;

    /// <summary>Nobody else's mail waits longer for a server that hangs.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    public async Task SendAsync(Mail mail, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            using var client = new SmtpClient(server.Host, server.Port > 0 ? server.Port : 587) { EnableSsl = StartTls, Credentials = user is null ? null : new NetworkCredential(user, password) };
            using var message = new MailMessage(from, mail.To, mail.Subject, mail.Text) { BodyEncoding = Encoding.UTF8, SubjectEncoding = Encoding.UTF8 };
            await client.SendMailAsync(message, limit.Token);
        }
        catch (Exception e) when (e is SmtpException or IOException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new MailUnavailableException(e);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new MailUnavailableException(new TimeoutException("The mail server hangs.", e));
        }
    }
}

/// <summary>Into the folder that <c>Mail:Folder</c> names, a file each: for whoever sends it otherwise, and for tests.</summary>
public sealed class FileMail(string folder, string from) : IOutgoingMail
{
    public async Task SendAsync(Mail mail, CancellationToken ct)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, $"{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12))}.eml");
            await File.WriteAllTextAsync($"{file}.new", $"From: {from}\r\nTo: {mail.To}\r\nSubject: {mail.Subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{mail.Text}", ct);
            File.Move($"{file}.new", file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MailUnavailableException(e);
        }
    }
}
