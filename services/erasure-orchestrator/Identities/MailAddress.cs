namespace ConsentLedger.ErasureOrchestrator.Identities;

/// <summary>One plain address: nothing that could add a header, a name or a second recipient to a mail.</summary>
public static class MailAddress
{
    public static bool IsSound(string text) =>
        text.Length is >= 3 and <= 254 && text.All(c => c > ' ' && c < 127 && c is not (',' or ';' or '<' or '>' or '"' or '\\' or '(' or ')' or ':' or '[' or ']'))
        && text.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && text.LastIndexOf('@') == at && at < text.Length - 1
        && System.Net.Mail.MailAddress.TryCreate(text, out var read) && read.Address == text;
}
