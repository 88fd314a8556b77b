using System.Text.Json;

namespace ConsentLedger.Contracts.Policies;

/// <summary>The line that each value of a JSON text starts on, by JSON Pointer (RFC 6901).</summary>
internal sealed class JsonLines
{
    private readonly Dictionary<string, int> _lines = [];
    private readonly List<PolicyPackError> _duplicates = [];
    private int _line = 1;
    private int _counted;

    /// <summary>Members named twice, which most readers would let the last one win silently.</summary>
    public IReadOnlyList<PolicyPackError> Duplicates => _duplicates;

    /// <exception cref="JsonException">The text is not one JSON value.</exception>
    public static JsonLines Of(ReadOnlySpan<byte> utf8)
    {
        var lines = new JsonLines();
        var reader = new Utf8JsonReader(utf8);
        reader.Read();
        lines.Visit(ref reader, utf8, "");
        reader.Read();
        return lines;
    }

    public static string Child(string path, string name) => $"{path}/{name.Replace("~", "~0").Replace("/", "~1")}";

    /// <summary>The line of the value, or of the nearest one around it where it is missing.</summary>
    public int At(string path)
    {
        while (path.Length > 0)
        {
            if (_lines.TryGetValue(path, out var line))
                return line;
            path = path[..path.LastIndexOf('/')];
        }

        return _lines[path];
    }

    private void Visit(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, string path, bool repeated = false)
    {
        var line = Count(utf8, (int)reader.TokenStartIndex);
        if (!repeated && !_lines.TryAdd(path, line))
        {
            _duplicates.Add(new(PolicyPackErrors.MemberDuplicate, path, "This member is named twice.", line));
            repeated = true;
        }

        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                var child = Child(path, Text(ref reader, utf8));
                reader.Read();
                Visit(ref reader, utf8, child, repeated);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
                Visit(ref reader, utf8, $"{path}/{i}", repeated);
        }
        else if (reader.TokenType == JsonTokenType.String)
        {
            _ = Text(ref reader, utf8);
        }
    }

    private string Text(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException halfACharacter)
        {
            throw new JsonException("Not a text.", path: null, Count(utf8, (int)reader.TokenStartIndex) - 1, bytePositionInLine: null, halfACharacter);
        }
    }

    private int Count(ReadOnlySpan<byte> utf8, int upTo)
    {
        _line += utf8[_counted..upTo].Count((byte)'\n');
        _counted = upTo;
        return _line;
    }
}
