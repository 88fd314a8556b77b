using System.Runtime.InteropServices;

namespace ConsentLedger.Ledger;

/// <summary>The few functions of the machine's OpenSSL 3 that Ed25519 takes.</summary>
internal static partial class OpenSsl
{
    /// <summary>EVP_PKEY_ED25519.</summary>
    public const int Ed25519 = 1087;

    private const string Crypto = "libcrypto.so.3";

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    public static partial Key NewPrivateKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    public static partial Key NewPublicKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    public static partial int GetPublicKey(Key key, Span<byte> publicKey, ref nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_MD_CTX_new")]
    public static partial Context NewContext();

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestSignInit")]
    public static partial int BeginSigning(Context context, nint keyContext, nint digest, nint engine, Key key);

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestSign")]
    public static partial int Sign(Context context, Span<byte> signature, ref nuint signatureLength, ReadOnlySpan<byte> message, nuint messageLength);

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestVerifyInit")]
    public static partial int BeginVerifying(Context context, nint keyContext, nint digest, nint engine, Key key);

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestVerify")]
    public static partial int Verify(Context context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> message, nuint messageLength);

    /// <summary>A refused signature leaves its reasons in the thread's queue, where the framework's own calls would find them.</summary>
    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Crypto, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    internal sealed class Key() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    internal sealed class Context() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            FreeContext(handle);
            return true;
        }
    }
}
