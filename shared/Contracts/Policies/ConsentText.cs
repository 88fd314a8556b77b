using System.Security.Cryptography;
using System.Text;

namespace ConsentLedger.Contracts.Policies;

/// <summary>A request for consent in one language (GDPR art. 7(2)).</summary>
public sealed record ConsentText
{
    public required string Id { get; init; }

    /// <summary>BCP 47.</summary>
    public required string Locale { get; init; }

    public required string Text { get; init; }

    /// <summary>SHA-256 of the text's UTF-8, in lower-case hexadecimal: what a grant names as the hash of the text shown.</summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));
}
