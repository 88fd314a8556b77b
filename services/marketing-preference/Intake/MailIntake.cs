using System.Text.RegularExpressions;

namespace ConsentLedger.MarketingPreference.Intake;

/// <summary>What a mail that came back wants of us, and the tokens in it by which we know of which delivery. Nothing else of it is kept: no address, no words.</summary>
/// <param name="Tokens">As they stand there; only a signature of ours makes one count.</param>
public sealed partial record MailIntake(MailKind Kind, IReadOnlyList<string> Tokens)
{
    private const int MaxWishLength = 60;

    private const string Wish =
        "stop|unsubscribe|remove|abmelden|abbestellen|austragen|stopp|désabonner|désabonnement|désinscription|désinscrire|desabonner|arrêt|avregistrera|avsluta|avanmäla";

    /// <summary>What may stand beside it.</summary>
    private const string Courtesy =
        "please|me|now|thanks|thank you|from (this|the|your) (mailing list|list|newsletter)|bitte|mich|danke|vom newsletter|von der liste|veuillez|merci( de)?|svp|s['\u2019]il vous plaît|de (la|cette) (liste|newsletter)"
        + "|snälla|vänligen|mig|tack|från (listan|nyhetsbrevet)";

    private static readonly HashSet<string> Complaints = new(["abuse", "fraud", "opt-out", "opt-out-list", "other"], StringComparer.OrdinalIgnoreCase);

    public static MailIntake Read(ReadOnlyMemory<byte> message)
    {
        var mail = MailPart.Read(message);
        if (mail.MediaType == "multipart/report") return ReadReport(mail);

        // A machine's answer quotes what it answers, and wants nothing.
        if (mail.Find("Auto-Submitted") is { } auto && !auto.StartsWith("no", StringComparison.OrdinalIgnoreCase)) return new(MailKind.Other, []);
        var texts = mail.All().Where(part => part.MediaType == "text/plain").Select(part => part.Text()).ToList();
        var wants = IsWish(mail.Subject) || texts.Take(1).Any(text => IsWish(FirstWords(text)));
        return wants ? new(MailKind.Reply, TokensIn([mail.Subject, .. mail.All().Where(p => p.MediaType.StartsWith("text/", StringComparison.Ordinal)).Select(p => p.Text())])) : new(MailKind.Other, []);
    }

    /// <summary>
    /// RFC 5965: a part that says what kind of feedback it is, and the mail it is about, or its headers. Where a person pressed a button, it is a complaint; "not spam", a virus that was found and a
    /// mail that failed DMARC (RFC 6591) come in the same form, and say nothing of what its reader wants.
    /// </summary>
    private static MailIntake ReadReport(MailPart mail)
    {
        var parts = mail.All().ToList();
        if (!string.Equals(mail.Parameters.GetValueOrDefault("report-type"), "feedback-report", StringComparison.OrdinalIgnoreCase)
            || parts.FirstOrDefault(p => p.MediaType == "message/feedback-report")?.Inner() is not { } report
            || report.Find("Feedback-Type") is not { } type || !Complaints.Contains(type.Trim()))
            return new(MailKind.Other, []);
        var about = parts.Where(p => p.MediaType is "message/rfc822" or "text/rfc822-headers").Select(p => p.Inner());
        return new(MailKind.Complaint, TokensIn(about.Select(p => p.Find("List-Unsubscribe") ?? "")));
    }

    /// <summary>The first line that is the writer's own.</summary>
    private static string FirstWords(string text) =>
        text.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && line[0] != '>') ?? "";

    /// <summary>One of the words, and nothing but courtesies beside it: who says more than that wants to be read by somebody.</summary>
    private static bool IsWish(string text) => text.Length <= MaxWishLength + (Token().Match(text) is { Success: true } token ? token.Length : 0)
        && Wishing().IsMatch(string.Join(' ', Token().Replace(text, "", 1).Split([' ', '.', '!', ',', ':', '"', '\u201E', '\u201C', '\u201D'], StringSplitOptions.RemoveEmptyEntries)));

    /// <summary>As they stand, and joined with what stands alone on the next line: quoting breaks what is long. All of them: which is ours is not seen before its signature is checked.</summary>
    private static List<string> TokensIn(IEnumerable<string> texts) => [.. texts
        .SelectMany(text => Token().Matches(text).Concat(Token().Matches(LineEnd().Replace(text, ""))).Select(m => m.Value)).Distinct()];

    [GeneratedRegex("[A-Za-z0-9_-]{60,700}")]
    private static partial Regex Token();

    [GeneratedRegex(@"\r?\n(> ?)*(?=[A-Za-z0-9_-]+>?\s*?(\n|$))")]
    private static partial Regex LineEnd();

    [GeneratedRegex($"^(({Courtesy}) )*({Wish})( ({Courtesy}|{Wish}))*\\z", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Wishing();
}

public enum MailKind
{
    /// <summary>Neither: a bounce, an answer of a machine, a letter to be read by somebody.</summary>
    Other,

    Complaint,
    Reply,
}
