using System.Security.Cryptography;
using System.Text;

namespace EmailSystem;

/// <summary>What stands for an address on the other side: they have neither the address nor the key, and you never change the key.</summary>
public static class AddressTag
{
    public static string Of(ReadOnlySpan<byte> key, string address) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"email|{address.Trim().ToLowerInvariant()}")));
}
