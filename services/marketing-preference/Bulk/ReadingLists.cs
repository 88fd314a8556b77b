using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using ConsentLedger.ServiceDefaults;
using CsvHelper;
using CsvHelper.Configuration;

namespace ConsentLedger.MarketingPreference.Bulk;

/// <summary>
/// Reads a list line by line, whatever its length. UTF-8 only, with or without a byte order mark. What looks like an address is refused unread, and of what cannot be read nothing is kept but the
/// line's number.
/// </summary>
public static class ReadingLists
{
    private const int MaxLineBytes = 8 * 1024;

    /// <summary>Of all fields of a row together.</summary>
    private const int MaxRowLength = 8 * MaxLineBytes;

    private static readonly string[] Columns = ["state", "subject", "topic", "channel", "occurredAt", "addressTag", "actor", "method", "cause", "everything"];

    /// <summary>Of a snapshot's table, and of no use here.</summary>
    private static readonly string[] Passed = ["version", "position"];

    public static IAsyncEnumerable<ReadLine> ReadAsync(ImportFormat format, Stream body, CancellationToken ct) => format == ImportFormat.Csv ? ReadTableAsync(body, ct) : ReadJsonAsync(body, ct);

    private static async IAsyncEnumerable<ReadLine> ReadJsonAsync(Stream body, [EnumeratorCancellation] CancellationToken ct)
    {
        var number = 0L;
        await foreach (var bytes in BoundedLines.ReadAsync(System.IO.Pipelines.PipeReader.Create(body), MaxLineBytes, ct))
        {
            number++;
            var line = bytes.AsMemory();
            if (number == 1 && line.Span.StartsWith(Encoding.UTF8.Preamble)) line = line[Encoding.UTF8.Preamble.Length..];
            if (bytes is not null && !System.Text.Unicode.Utf8.IsValid(line.Span)) throw ListRefusedException.NotUtf8(number);
            if (bytes is null || !line.Span.Trim(" \t\r"u8).IsEmpty) yield return bytes is null ? new(number, null, "line_too_long") : Read(number, line);
        }
    }

    private static async IAsyncEnumerable<ReadLine> ReadTableAsync(Stream body, [EnumeratorCancellation] CancellationToken ct)
    {
        using var text = new StreamReader(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false, bufferSize: 64 * 1024);
        using var rows = new BoundedRows(text, MaxRowLength);
        using var table = new CsvParser(rows, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            DetectDelimiter = true,
            DetectDelimiterValues = [",", ";", "\t"],
            MaxFieldSize = MaxLineBytes,
            IgnoreBlankLines = true,
            BadDataFound = null,
            TrimOptions = TrimOptions.Trim,
        });
        string[]? header = null;
        for (var number = 1L; await MoveAsync(table, number, ct); number = table.RawRow + 1)
        {
            rows.Begin();

            // No column holds a line's end: with one in it, a field was opened by a stray quote and has swallowed the lines up to the next.
            if (table.Record!.Any(field => field.AsSpan().ContainsAny('\r', '\n'))) throw ListRefusedException.Malformed(number);
            if (header is null) header = HeaderOf(table.Record!);
            else yield return Read(table.RawRow, header, table.Record!);
        }
    }

    private static async Task<bool> MoveAsync(CsvParser table, long number, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        try
        {
            return await table.ReadAsync();
        }
        catch (DecoderFallbackException)
        {
            throw ListRefusedException.NotUtf8(number);
        }
        catch (Exception e) when (e is MaxFieldSizeException or InvalidDataException)
        {
            // An open quote takes all that follows into its field: where the next line begins nobody knows any more. A row of ever more fields has no end either.
            throw ListRefusedException.Malformed(number);
        }
    }

    private static string[] HeaderOf(string[] names)
    {
        names = [.. names.Select(name => name.Trim())];
        for (var i = 0; i < names.Length; i++)
            if (!Columns.Contains(names[i]) && !Passed.Contains(names[i])) throw ListRefusedException.UnknownColumn(i + 1);
        return names.Contains("state") && names.Distinct().Count() == names.Length ? names : throw ListRefusedException.Malformed(1);
    }

    /// <summary>As the same line would be in JSON, so that one reading holds for both.</summary>
    private static ReadLine Read(long number, string[] header, string[] fields)
    {
        if (fields.Length != header.Length) return new(number, null, "line_malformed");
        var line = new JsonObject();
        foreach (var (name, field) in header.Zip(fields))
            if (field.Length > 0 && Columns.Contains(name)) line[name] = name == "everything" && bool.TryParse(field, out var yes) ? yes : field;
        return Read(number, Encoding.UTF8.GetBytes(line.ToJsonString()));
    }

    private static ReadLine Read(long number, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.Contains((byte)'@') || bytes.Span.IndexOf("\\u0040"u8) >= 0) return new(number, null, "address_in_import");
        if (!StrictJson.TryRead<ImportLine>(bytes, out var line, out var problem)) return new(number, null, "line_invalid", problem.Member);
        return line.Fault is { } member ? new(number, null, "line_invalid", member) : new(number, line);
    }
}

/// <summary>The parser keeps a row until it ends, so one that does not would be kept whole.</summary>
internal sealed class BoundedRows(TextReader text, int maxLength) : TextReader
{
    private long _length;

    /// <summary>What was read ahead of the next row counts to the one before.</summary>
    public void Begin() => _length = 0;

    public override int Read(char[] buffer, int index, int count) => Counted(buffer.AsSpan(index, text.Read(buffer, index, count)));

    public override async Task<int> ReadAsync(char[] buffer, int index, int count) => Counted(buffer.AsSpan(index, await text.ReadAsync(buffer, index, count)));

    public override async ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default)
    {
        var read = await text.ReadAsync(buffer, cancellationToken);
        return Counted(buffer.Span[..read]);
    }

    // Blank lines are passed over and kept by nobody.
    private int Counted(ReadOnlySpan<char> read)
    {
        _length += read.Length - read.Count('\n') - read.Count('\r');
        return _length > maxLength ? throw new InvalidDataException("A row does not end.") : read.Length;
    }
}

/// <summary>Not a list that could be read to its end: none of it is kept.</summary>
public sealed class ListRefusedException(Problem problem) : Exception(problem.Title)
{
    public Problem Problem { get; } = problem;

    public static ListRefusedException NotUtf8(long line) => new(KnownProblems.Refused("import_not_utf8", $"Not UTF-8 at line {line} or soon after it."));

    public static ListRefusedException UnknownColumn(int column) => new(KnownProblems.Refused("column_unknown", $"Column {column} is none that an import has. Addresses are not imported."));

    public static ListRefusedException Malformed(long line) => new(KnownProblems.Refused("list_malformed", $"From line {line} on this is no table: a header that is missing or says something twice, or a quote or a row that does not end."));
}
