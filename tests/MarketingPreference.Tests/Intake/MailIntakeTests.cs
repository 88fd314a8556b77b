using System.Text;
using ConsentLedger.MarketingPreference.Intake;

namespace ConsentLedger.MarketingPreference.Tests.Intake;

public sealed class MailIntakeTests
{
    private static readonly string Token = new('A', 150);

    /// <summary>In the form of RFC 5965, appendix B.</summary>
    internal static string Report(string token, string feedbackType = "abuse", string original = "message/rfc822", string encoding = "7bit") => $"""
        From: <abusedesk@provider.example>
        Date: Thu, 8 Mar 2026 17:40:36 +0000
        Subject: FW: Earn money
        To: <abuse@sender.example>
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report;
             boundary="part1_13d.2e68ed54_boundary"

        --part1_13d.2e68ed54_boundary
        Content-Type: text/plain; charset="US-ASCII"
        Content-Transfer-Encoding: 7bit

        This is an email abuse report for an email message received from 192.0.2.1.

        --part1_13d.2e68ed54_boundary
        Content-Type: message/feedback-report

        Feedback-Type: {feedbackType}
        User-Agent: SomeGenerator/1.0
        Version: 1
        Original-Rcpt-To: <anna@example.com>

        --part1_13d.2e68ed54_boundary
        Content-Type: {original}
        Content-Disposition: inline
        Content-Transfer-Encoding: {encoding}

        {(encoding == "base64" ? Convert.ToBase64String(Encoding.ASCII.GetBytes(Original(token)), Base64FormattingOptions.InsertLineBreaks) : Original(token))}
        --part1_13d.2e68ed54_boundary--
        """.ReplaceLineEndings("\r\n");

    internal static string Reply(string token, string words = "STOP", string subject = "Re: News", string headers = "") => $"""
        From: Anna <anna@example.com>
        To: reply@sender.example
        Subject: {subject}
        {headers}MIME-Version: 1.0
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        {words}

        > Dear Anna, here is what is new.
        > https://preferences.example/u/{token[..40]}
        > {token[40..90]}=
        {token[90..]}
        >
        > Goodbye
        --b--
        """.ReplaceLineEndings("\r\n");

    [Theory]
    [InlineData("message/rfc822", "7bit")]
    [InlineData("text/rfc822-headers", "7bit")]
    [InlineData("message/rfc822", "base64")]
    public void A_complaint_names_the_delivery_by_our_own_header(string original, string encoding) =>
        Read(Report(Token, original: original, encoding: encoding)).ShouldBe((MailKind.Complaint, Token));

    [Theory]
    [InlineData("Abuse")]
    [InlineData("fraud")]
    [InlineData("opt-out")]
    [InlineData("opt-out-list")]
    [InlineData("other")]
    public void Whichever_button_a_person_pressed_is_a_complaint(string feedbackType) => Read(Report(Token, feedbackType)).ShouldBe((MailKind.Complaint, Token));

    [Theory]
    [InlineData("not-spam")]
    [InlineData("auth-failure")]
    [InlineData("dmarc")]
    [InlineData("virus")]
    public void What_no_person_complained_of_is_no_complaint(string feedbackType) => Read(Report(Token, feedbackType)).Kind.ShouldBe(MailKind.Other);

    [Fact]
    public void A_bounce_is_no_complaint() => Read(Report(Token).Replace("feedback-report;", "delivery-status;", StringComparison.Ordinal)).Kind.ShouldBe(MailKind.Other);

    [Theory]
    [InlineData("STOP")]
    [InlineData("Stop!")]
    [InlineData("please unsubscribe me")]
    [InlineData("Bitte abmelden.")]
    [InlineData("d=C3=A9sabonner")]
    [InlineData("Please remove me from the list, thank you!")]
    [InlineData("STOP STOP STOP")]
    [InlineData("Merci de me d=C3=A9sabonner")]
    public void A_short_wish_to_be_left_out_is_one_and_what_it_quotes_names_the_delivery(string words) => Read(Reply(Token, words)).ShouldBe((MailKind.Reply, Token));

    [Fact]
    public void It_may_be_the_subject_alone() => Read($"From: a@example.com\r\nSubject: unsubscribe {Token}\r\n\r\n").ShouldBe((MailKind.Reply, Token));

    [Theory]
    [InlineData("=?utf-8?Q?D=C3=A9sabonner?=")]
    [InlineData("=?UTF-8?b?RMOpc2Fib25uZXI=?=")]
    [InlineData("=?iso-8859-1?q?Merci_de_me?= =?iso-8859-1?q?_d=E9sabonner?=")]
    [InlineData("=?utf-8?B?U3RvcHA=?=")]
    public void A_subject_is_read_as_its_writer_reads_it(string subject) => Read($"From: a@example.com\r\nSubject: {subject}\r\n\r\n{Token}").ShouldBe((MailKind.Reply, Token));

    [Theory]
    [InlineData("=?utf-8?Q?Re:_STOP?=")]
    [InlineData("=?utf-8?Q?Non-stop?=")]
    [InlineData("=?utf-8?B?!?=")]
    [InlineData("=?utf-8?Q?=?=")]
    [InlineData("=?x?=")]
    [InlineData("Re: Unsubscribe")]
    [InlineData("Fwd: STOP")]
    [InlineData("stop?")]
    public void And_what_it_answers_or_asks_is_no_wish(string subject) => Read($"From: a@example.com\r\nSubject: {subject}\r\n\r\n{Token}").Kind.ShouldBe(MailKind.Other);

    [Theory]
    [InlineData("Thank you, I like it.")]
    [InlineData("What time do you stop?")]
    [InlineData("Please remove Bob from the guest list")]
    [InlineData("Please do not unsubscribe me")]
    [InlineData("Stop the presses!")]
    [InlineData("Please, thank you.")]
    [InlineData("When does the shop on the corner stop selling tickets, and may I come with my sister then?")]
    [InlineData("> STOP")]
    [InlineData("")]
    public void What_is_meant_for_somebody_to_read_is_not_acted_on(string words) => Read(Reply(Token, words)).Kind.ShouldBe(MailKind.Other);

    [Fact]
    public void A_machine_that_answers_wants_nothing() => Read(Reply(Token, headers: "Auto-Submitted: auto-replied\r\n")).Kind.ShouldBe(MailKind.Other);

    [Theory]
    [InlineData("")]
    [InlineData("\r\n\r\n")]
    [InlineData("Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x")]
    [InlineData("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x")]
    [InlineData("Content-Type: ;;=;\r\n : \r\n continued\r\nContent-Transfer-Encoding: base64\r\n\r\n=====A")]
    public void What_is_malformed_is_read_as_far_as_it_goes(string text) => Read(text).Kind.ShouldBe(MailKind.Other);

    [Fact]
    public void Others_tokens_before_ours_do_not_hide_it() =>
        Read(Reply(Token, subject: "Re: " + string.Join(' ', Enumerable.Range(0, 40).Select(i => new string((char)('a' + (i % 26)), 100 + i))))).ShouldBe((MailKind.Reply, Token));

    [Theory]
    [InlineData(100, true)]
    [InlineData(100_000, false)]
    public void Headers_have_an_end_however_they_are_folded(int lines, bool isRead) =>
        Read(Report(Token).Replace("List-Unsubscribe:\r\n", $"List-Unsubscribe:\r\n{string.Concat(Enumerable.Repeat(" x\r\n", lines))}", StringComparison.Ordinal))
            .ShouldBe((MailKind.Complaint, isRead ? Token : null));

    [Fact]
    public void Parts_within_parts_have_an_end()
    {
        var nested = new StringBuilder();
        for (var i = 0; i < 2_000; i++) nested.Append("Content-Type: message/rfc822\r\n\r\n");
        Read(nested.ToString()).Kind.ShouldBe(MailKind.Other);
    }

    private static string Original(string token) => $"""
        From: <sender@sender.example>
        To: <anna@example.com>
        Subject: Earn money
        List-Unsubscribe:
          <https://preferences.example/u/{token}>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click

        Spam Spam Spam
        """.ReplaceLineEndings("\r\n");

    private static (MailKind Kind, string? Token) Read(string text)
    {
        var read = MailIntake.Read(Encoding.UTF8.GetBytes(text));
        return (read.Kind, read.Tokens.FirstOrDefault(t => t == Token));
    }
}
