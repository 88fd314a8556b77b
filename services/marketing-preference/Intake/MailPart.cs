using System.Buffers.Text;
using System.Text;
using System.Text.RegularExpressions;

namespace ConsentLedger.MarketingPreference.Intake;

/// <summary>
/// A mail, or a part of one, as far as complaints and replies need it (RFC 5322, 2045, 2046): headers, unfolded; what kind it is; its parts; its text. What is malformed is read
/// as far as it goes, because it comes from anybody, and everything is bounded.
/// </summary>
internal sealed partial class MailPart
{
    private const int MaxHeaders = 200, MaxHeaderBytes = 64 * 1024, MaxParts = 50, MaxDepth = 6;

    private readonly ReadOnlyMemory<byte> _body;
    private readonly int _depth;
    private readonly List<(string Name, string Value)> _headers = [];
    private IReadOnlyList<MailPart>? _all;
    private MailPart? _inner;
    private string? _text;

    private MailPart(ReadOnlyMemory<byte> bytes, int depth)
    {
        _depth = depth;
        _body = ReadHeaders(bytes);
        var type = Find("Content-Type") ?? "text/plain";
        var pieces = Pieces(type);
        MediaType = pieces[0].Trim().ToLowerInvariant();
        Parameters = pieces.Skip(1).Select(p => p.Split('=', 2)).Where(p => p.Length == 2)
            .GroupBy(p => p[0].Trim().ToLowerInvariant(), p => p[1].Trim().Trim('"')).ToDictionary(g => g.Key, g => g.First());
    }

    public string MediaType { get; }

    public IReadOnlyDictionary<string, string> Parameters { get; }

    public static MailPart Read(ReadOnlyMemory<byte> bytes) => new(bytes, 0);

    /// <summary>The first header of this name.</summary>
    public string? Find(string name) => _headers.FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>As its writer reads it: in a header, whatever is not ASCII is written in words of it (RFC 2047).</summary>
    public string Subject => EncodedWord().Replace(BetweenEncodedWords().Replace(Find("Subject") ?? "", ""), word => TextOf(word.Groups["b"].Success
        ? FromBase64(Encoding.ASCII.GetBytes(word.Groups["text"].Value))
        : FromQuotedPrintable(Encoding.ASCII.GetBytes(word.Groups["text"].Value.Replace('_', ' ')))));

    /// <summary>This part and those within it, from the outside in. What a message carries as a message is a part of it.</summary>
    public IReadOnlyList<MailPart> All() => _all ??= [.. Within().Take(MaxParts)];

    /// <summary>The body as text, whatever it was encoded as on the way.</summary>
    public string Text() => _text ??= TextOf(Content());

    /// <summary>The body of a message that reports on one: that one's headers, as a part of its own.</summary>
    public MailPart Inner() => _inner ??= new(Content(), _depth + 1);

    private IEnumerable<MailPart> Within()
    {
        yield return this;
        if (_depth >= MaxDepth) yield break;
        if (MediaType == "message/rfc822")
        {
            foreach (var part in Inner().Within()) yield return part;
        }
        else if (MediaType.StartsWith("multipart/", StringComparison.Ordinal) && Parameters.GetValueOrDefault("boundary") is { Length: > 0 and <= 70 } boundary)
        {
            foreach (var bytes in Split(_body, Encoding.ASCII.GetBytes($"--{boundary}")))
                foreach (var part in new MailPart(bytes, _depth + 1).Within()) yield return part;
        }
    }

    private ReadOnlyMemory<byte> Content() => Find("Content-Transfer-Encoding")?.Trim().ToLowerInvariant() switch
    {
        "base64" => FromBase64(_body.Span),
        "quoted-printable" => FromQuotedPrintable(_body.Span),
        _ => _body,
    };

    private ReadOnlyMemory<byte> ReadHeaders(ReadOnlyMemory<byte> bytes)
    {
        var (read, unfolded) = (new List<(string Name, StringBuilder Value)>(), (StringBuilder?)null);
        for (var left = MaxHeaderBytes; TakeLine(ref bytes) is { IsEmpty: false } line;)
        {
            // What is too much is passed over, and so is what continues it.
            left -= line.Length;
            if (line.Span[0] is (byte)' ' or (byte)'\t')
            {
                if (left >= 0) unfolded?.Append(' ').Append(TextOf(line).Trim());
            }
            else if (line.Span.IndexOf((byte)':') is > 0 and var colon && read.Count < MaxHeaders && left >= 0)
            {
                unfolded = new StringBuilder(TextOf(line[(colon + 1)..]).Trim());
                read.Add((TextOf(line[..colon]).Trim(), unfolded));
            }
            else
            {
                unfolded = null;
            }
        }

        _headers.AddRange(read.Select(header => (header.Name, $"{header.Value}")));
        return bytes;
    }

    /// <summary>What lies between the lines that begin with the boundary.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> body, byte[] boundary)
    {
        var (rest, start) = (body, -1);
        while (!rest.IsEmpty)
        {
            var at = body.Length - rest.Length;
            var line = TakeLine(ref rest);
            if (!line.Span.StartsWith(boundary)) continue;
            if (start >= 0) yield return body[start..at];
            if (line.Span[boundary.Length..].StartsWith("--"u8)) yield break;
            start = body.Length - rest.Length;
        }

        if (start >= 0) yield return body[start..];
    }

    private static ReadOnlyMemory<byte> TakeLine(ref ReadOnlyMemory<byte> bytes)
    {
        var end = bytes.Span.IndexOf((byte)'\n');
        var line = end < 0 ? bytes : bytes[..end];
        bytes = end < 0 ? default : bytes[(end + 1)..];
        return line.Span.EndsWith("\r"u8) ? line[..^1] : line;
    }

    /// <summary>Cut at semicolons that stand in no quotes.</summary>
    private static List<string> Pieces(string value)
    {
        var (pieces, isQuoted) = (new List<StringBuilder> { new() }, false);
        foreach (var c in value)
        {
            if (c == '"') isQuoted = !isQuoted;
            if (c == ';' && !isQuoted) pieces.Add(new StringBuilder());
            else pieces[^1].Append(c);
        }

        return [.. pieces.Select(p => p.ToString())];
    }

    private static byte[] FromBase64(ReadOnlySpan<byte> text)
    {
        var clean = new byte[text.Length];
        var length = 0;
        foreach (var b in text)
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'+' or (byte)'/') clean[length++] = b;
        while (length % 4 != 0 && length < clean.Length) clean[length++] = (byte)'=';
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(clean.Length)];
        Base64.DecodeFromUtf8(clean.AsSpan(0, length), bytes, out _, out var written);
        return bytes[..written];
    }

    private static byte[] FromQuotedPrintable(ReadOnlySpan<byte> text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '=') bytes.Add(text[i]);
            else if (text[(i + 1)..].StartsWith("\r\n"u8)) i += 2;
            else if (text[(i + 1)..].StartsWith("\n"u8)) i++;
            else if (i + 2 < text.Length && Utf8Parser.TryParse(text.Slice(i + 1, 2), out byte value, out var read, 'x') && read == 2) (i, _) = (i + 2, Added(bytes, value));
            else bytes.Add(text[i]);
        }

        return [.. bytes];

        static bool Added(List<byte> to, byte value)
        {
            to.Add(value);
            return true;
        }
    }

    private static string TextOf(ReadOnlyMemory<byte> bytes) => System.Text.Unicode.Utf8.IsValid(bytes.Span) ? Encoding.UTF8.GetString(bytes.Span) : Encoding.Latin1.GetString(bytes.Span);

    // The charset is not looked at: what is asked of a subject is the same in those that people in these languages write in.
    [GeneratedRegex(@"=\?[^?\s]+\?((?<b>[bB])|[qQ])\?(?<text>[^?\s]*)\?=", RegexOptions.ExplicitCapture)]
    private static partial Regex EncodedWord();

    [GeneratedRegex(@"(?<=\?=)\s+(?==\?)")]
    private static partial Regex BetweenEncodedWords();
}
