using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// A piece of a page. What is written in the source is markup and what is put into it is text, encoded whoever wrote it: <c>Html p = $"&lt;p&gt;{name}&lt;/p&gt;"</c>.
/// Only another piece goes in as it is, and there is no way to make one from a string. Attributes are written in double quotes.
/// </summary>
[InterpolatedStringHandler]
public sealed class Html
{
    // Letters of every script go in as they are: pages are UTF-8, and an Arabic one would have eight characters for each.
    private static readonly HtmlEncoder Text = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly StringBuilder _markup;

    public Html(int literalLength, int formattedCount) => _markup = new StringBuilder(literalLength + (16 * formattedCount));

    public static Html Empty => $"";

    public static Html Of(IEnumerable<Html> pieces) => $"{pieces}";

    public void AppendLiteral(string value) => _markup.Append(value);

    public void AppendFormatted(Html? piece) => _markup.Append(piece?._markup);

    public void AppendFormatted(IEnumerable<Html> pieces)
    {
        foreach (var piece in pieces) AppendFormatted(piece);
    }

    public void AppendFormatted(string? text) => _markup.Append(Text.Encode(text ?? ""));

    public void AppendFormatted<T>(T value, string? format = null)
        where T : IFormattable => AppendFormatted(value.ToString(format, CultureInfo.InvariantCulture));

    public override string ToString() => _markup.ToString();
}
