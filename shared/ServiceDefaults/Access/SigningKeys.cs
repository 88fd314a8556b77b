using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// The issuer's public keys, from a JSON Web Key Set (RFC 7517) in a file. Read again when the file has changed, so a key is rotated or
/// revoked without a restart; a file that cannot be read leaves the last good set in place.
/// </summary>
internal sealed partial class SigningKeys(string file, TimeProvider clock, ILogger<SigningKeys> logger)
{
    /// <summary>Asymmetric only: with a shared secret every service that verifies could also issue.</summary>
    public static FrozenSet<string> Algorithms { get; } =
        FrozenSet.Create(SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSsaPssSha256);

    private const int MinRsaBits = 2048;

    /// <summary>The file is looked at no more often: it changes some times a year, and is asked about ten thousand times a second.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private Loaded _loaded = Read(file);
    private long _lookedAt = clock.GetTimestamp();

    /// <summary>The key of this id, if it may be used with this algorithm.</summary>
    public SecurityKey? Find(string keyId, string algorithm) =>
        Current().Keys.TryGetValue(keyId, out var key)
        && key.Kty == (algorithm == SecurityAlgorithms.EcdsaSha256 ? JsonWebAlgorithmsKeyTypes.EllipticCurve : JsonWebAlgorithmsKeyTypes.RSA)
        && (string.IsNullOrEmpty(key.Alg) || key.Alg == algorithm)
            ? key
            : null;

    /// <summary>The set in use, as a thing of its own: another one after each change of the file.</summary>
    public object Set => Current();

    private Loaded Current()
    {
        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(Volatile.Read(ref _lookedAt), now) < LookInterval) return _loaded;
        var stamp = FileStamp.Of(file);
        lock (_gate)
        {
            // Whoever looks while the changed file is being read waits for it.
            _lookedAt = now;
            if (stamp == _loaded.Stamp) return _loaded;
            try
            {
                _loaded = Read(file);
            }
            catch (Exception unreadable) when (unreadable is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                // Tried once a change, not once a request.
                _loaded = _loaded with { Stamp = stamp };
                LogUnreadable(logger, unreadable.GetType().Name);
            }

            return _loaded;
        }
    }

    private static Loaded Read(string file)
    {
        // Stamped before reading: a change in between is seen at the next look.
        var stamp = FileStamp.Of(file);
        try
        {
            // Its own factory, because the shared one remembers verifiers by key id beyond a rotation.
            var factory = new CryptoProviderFactory();
            var keys = JsonWebKeySet.Create(File.ReadAllText(file)).Keys.Select(key => Checked(key, factory));
            var loaded = new Loaded(stamp, keys.ToFrozenDictionary(key => key.Kid));
            return loaded.Keys.Count > 0 ? loaded : throw new InvalidDataException("The key set holds no key.");
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or JsonException)
        {
            throw new InvalidDataException("The key set is not a JSON Web Key Set with one key an id.", malformed);
        }
    }

    private static JsonWebKey Checked(JsonWebKey key, CryptoProviderFactory factory)
    {
        if (string.IsNullOrEmpty(key?.Kid)) throw new InvalidDataException("A key of the set has no id.");
        if (key.HasPrivateKey || key.Kty is not (JsonWebAlgorithmsKeyTypes.RSA or JsonWebAlgorithmsKeyTypes.EllipticCurve))
            throw new InvalidDataException("The key set may hold only public RSA and EC keys.");
        if (key.Kty == JsonWebAlgorithmsKeyTypes.RSA && key.KeySize < MinRsaBits)
            throw new InvalidDataException($"An RSA key of the set is shorter than {MinRsaBits} bits.");
        key.CryptoProviderFactory = factory;
        return key;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The key set file has changed and cannot be used ({Reason}); the last good keys stay in use.")]
    private static partial void LogUnreadable(ILogger logger, string reason);

    private sealed record Loaded(FileStamp Stamp, FrozenDictionary<string, JsonWebKey> Keys);
}
