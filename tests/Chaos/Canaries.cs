using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.Chaos;

/// <summary>What people are called, written and connect from in a test, so that it can be looked for anywhere afterwards.</summary>
internal static class Canaries
{
    /// <summary>In every address and every name.</summary>
    public const string Mark = "zq7canary";

    public const string Address4 = "203.0.113.177", Address6 = "2001:db8:77aa:33bb::cafe";

    private static readonly List<(string Form, byte[] Bytes)> Sought = [.. new[] { Mark, Address4, Address6 }.SelectMany(FormsOf)];

    public static string Mail(string who) => $"{who}.{Mark}@person.example";

    public static object Evidence(string who) => new { address = Mail(who), name = $"Zoë {who} {Mark}", ip = Address4, network = Address6, said = $"Yes, write to {Mail(who)}" };

    /// <summary>Who knows the rest of a text can find an address in it by trying, if a bare digest of it lies anywhere.</summary>
    public static void SeekDigestOf(string text)
    {
        var digest = new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16), bigEndian: true);
        Sought.Add(("the digest of a body", digest.ToByteArray(bigEndian: true)));
        Sought.Add(("the digest of a body, written out", Encoding.UTF8.GetBytes($"{digest:D}")));
    }

    /// <summary>Every file in these folders that has one of them in it in any form: which form, and where.</summary>
    public static async Task<IReadOnlyList<string>> FindInAsync(IEnumerable<string> folders, CancellationToken ct)
    {
        var found = new List<string>();
        foreach (var file in folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })))
        {
            byte[] bytes;
            try
            {
                bytes = await ReadAsync(file, ct);
            }
            catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
            {
                continue;
            }

            found.AddRange(Sought.Where(sought => bytes.AsSpan().IndexOf(sought.Bytes) >= 0).Select(sought => $"{file}: {sought.Form}"));
        }

        return found;
    }

    /// <summary>Also while somebody writes to it.</summary>
    private static async Task<byte[]> ReadAsync(string path, CancellationToken ct)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var read = new MemoryStream();
        await file.CopyToAsync(read, ct);
        return read.ToArray();
    }

    private static IEnumerable<(string, byte[])> FormsOf(string text)
    {
        yield return ($"{text}", Encoding.UTF8.GetBytes(text));
        yield return ($"{text} in UTF-16, low byte first", Encoding.Unicode.GetBytes(text));
        yield return ($"{text} in UTF-16, high byte first", Encoding.BigEndianUnicode.GetBytes(text));
        yield return ($"{text} in hex", Encoding.UTF8.GetBytes(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text))));
        yield return ($"{text} in hex, capitals", Encoding.UTF8.GetBytes(Convert.ToHexString(Encoding.UTF8.GetBytes(text))));

        // Base64 shows a text in three ways, by where it begins; its outermost characters also depend on the neighbours.
        for (var before = 0; before < 3; before++)
        {
            var whole = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string(' ', before) + text));
            yield return ($"{text} in base64, {before} on", Encoding.UTF8.GetBytes(whole.TrimEnd('=')[(before == 0 ? 0 : before + 1)..^1]));
        }
    }
}
