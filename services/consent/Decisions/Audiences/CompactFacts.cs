using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.Consent.Decisions.Audiences;

/// <summary>
/// Events of one subject, one after the other in a few bytes each, read back a million a second. Facts stay the JSON they are stored as, less the moment of the act: what
/// is left is the same for very many people, and is parsed once for all of them.
/// <code>
/// position i64 | version i64 | recorded ms i64 | acted ticks i64 | acted offset in minutes i16 | length of name and facts u16, u32 | name | facts
/// </code>
/// </summary>
public sealed class CompactFacts(EventCatalog catalog)
{
    private const int HeadLength = 40, MaxForms = 50_000;

    private const string ActedAt = "OccurredAt", ActedAtInJson = "occurredAt";

    private static readonly byte[] MomentLeftOut = "\"0001-01-01T00:00:00+00:00\""u8.ToArray();

    private static readonly Func<object, object> Clone = typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    private static readonly ConcurrentDictionary<Type, Action<object, DateTimeOffset>?> Setters = [];

    // Of names and facts without their moment, what they say. Full, it takes no more: what is seldom said is parsed each time.
    private readonly ConcurrentDictionary<byte[], (object Facts, Action<object, DateTimeOffset>? SetMoment)> _forms = new(new SameBytes());

    public byte[] Encode(StoredEvent e)
    {
        var (facts, acted) = CutMoment(e);
        var bytes = new byte[HeadLength + Encoding.UTF8.GetByteCount(e.Type) + facts.Length];
        var span = bytes.AsSpan();
        BinaryPrimitives.WriteInt64LittleEndian(span, e.Place.Position);
        BinaryPrimitives.WriteInt64LittleEndian(span[8..], e.Place.Version);
        BinaryPrimitives.WriteInt64LittleEndian(span[16..], e.Place.RecordedAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64LittleEndian(span[24..], acted.Ticks);
        BinaryPrimitives.WriteInt16LittleEndian(span[32..], (short)acted.TotalOffsetMinutes);
        BinaryPrimitives.WriteUInt16LittleEndian(span[34..], (ushort)Encoding.UTF8.GetBytes(e.Type, span[HeadLength..]));
        BinaryPrimitives.WriteUInt32LittleEndian(span[36..], (uint)facts.Length);
        facts.CopyTo(span[^facts.Length..]);
        return bytes;
    }

    /// <summary>The state after these events, but for those at <paramref name="before"/> and beyond.</summary>
    public TState Replay<TState>(ReadOnlySpan<byte> bytes, StreamType<TState> type, TState state, long before)
        where TState : class
    {
        while (bytes.Length > 0)
        {
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[34..]);
            var length = nameLength + (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[36..]);
            var place = new EventPlace(
                BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
                DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[16..])));
            if (place.Position >= before) return state;
            var (facts, setMoment) = FormOf(bytes.Slice(HeadLength, length), nameLength);
            if (setMoment is not null)
            {
                facts = Clone(facts);
                setMoment(facts, new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]), TimeSpan.FromMinutes(BinaryPrimitives.ReadInt16LittleEndian(bytes[32..]))));
            }

            state = type.After(state, facts, place);
            bytes = bytes[(HeadLength + length)..];
        }

        return state;
    }

    private (object Facts, Action<object, DateTimeOffset>? SetMoment) FormOf(ReadOnlySpan<byte> form, int nameLength)
    {
        if (_forms.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(form, out var known)) return known;
        var facts = catalog.Decode(new StoredEvent(default, default, default, Encoding.UTF8.GetString(form[..nameLength]), form[nameLength..].ToArray(), null));
        var read = (facts, form.IndexOf(MomentLeftOut) < 0 ? null : SetterOf(facts.GetType()));
        if (_forms.Count < MaxForms) _forms.TryAdd(form.ToArray(), read);
        return read;
    }

    private (byte[] Facts, DateTimeOffset Acted) CutMoment(StoredEvent e)
    {
        if (!catalog.Events.TryGetValue(e.Type, out var type) || SetterOf(type) is null) return (e.Data.ToArray(), default);
        var json = new Utf8JsonReader(e.Data.Span);
        while (json.Read())
        {
            if (json.CurrentDepth != 1 || json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals(ActedAtInJson)) continue;
            json.Read();
            if (!json.TryGetDateTimeOffset(out var acted) || acted.Offset.Ticks % TimeSpan.TicksPerMinute != 0) break;
            return ([.. e.Data.Span[..(int)json.TokenStartIndex], .. MomentLeftOut, .. e.Data.Span[(int)json.BytesConsumed..]], acted);
        }

        return (e.Data.ToArray(), default);
    }

    private static Action<object, DateTimeOffset>? SetterOf(Type type) => Setters.GetOrAdd(type, static type =>
        type.GetProperty(ActedAt) is { CanWrite: true } property && property.PropertyType == typeof(DateTimeOffset)
            ? (Action<object, DateTimeOffset>)typeof(CompactFacts).GetMethod(nameof(Setter), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).Invoke(null, [property.SetMethod])!
            : null);

    private static Action<object, DateTimeOffset> Setter<T>(MethodInfo set)
    {
        var typed = set.CreateDelegate<Action<T, DateTimeOffset>>();
        return (facts, acted) => typed((T)facts, acted);
    }

    private sealed class SameBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = (ulong)alternate.Length;
            foreach (var word in MemoryMarshal.Cast<byte, ulong>(alternate)) hash = BitOperations.RotateLeft((hash ^ word) * 0x9E3779B97F4A7C15, 29);
            foreach (var rest in alternate[(alternate.Length & ~7)..]) hash = (hash ^ rest) * 0x9E3779B97F4A7C15;
            return (int)(hash ^ (hash >> 32));
        }
    }
}
