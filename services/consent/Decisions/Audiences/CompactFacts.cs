using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.Consent.Decisions.Audiences;

/// <summary>
/// Events of one subject, one after the other in a few bytes each, read back a million a second. Facts stay the JSON they are stored as, less their moments: what is
/// left is the same for very many people, and is parsed once for all of them.
/// <code>
/// 1 u8 | position i64 | version i64 | recorded ms i64 | moments u16 | length of name u16 | length of facts u32 | (ticks i64 | offset in minutes i16) for each moment | name | facts
/// </code>
/// </summary>
public sealed class CompactFacts(EventCatalog catalog)
{
    private const byte ThisForm = 1;

    private const int HeadLength = 33, MomentLength = 10, MaxForms = 50_000;

    private static readonly byte[] MomentLeftOut = "\"0001-01-01T00:00:00+00:00\""u8.ToArray();

    private static readonly Func<object, object> Clone = typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    private static readonly FrozenDictionary<string, Action<object, DateTimeOffset>> NoSetters = FrozenDictionary<string, Action<object, DateTimeOffset>>.Empty;

    private static readonly ConcurrentDictionary<Type, FrozenDictionary<string, Action<object, DateTimeOffset>>> Setters = [];

    // What names and facts without their moments say. Only what came twice, and never more than so much: what is said once is parsed when it comes.
    private readonly ConcurrentDictionary<byte[], Form> _forms = new(new SameBytes());
    private readonly int[] _cameOnce = new int[1 << 16];

    public byte[] Encode(StoredEvent e)
    {
        var (facts, moments) = CutMoments(e);
        var factsAt = HeadLength + (moments.Count * MomentLength) + Encoding.UTF8.GetByteCount(e.Type);
        var bytes = new byte[factsAt + facts.Length];
        var span = bytes.AsSpan();
        span[0] = ThisForm;
        BinaryPrimitives.WriteInt64LittleEndian(span[1..], e.Place.Position);
        BinaryPrimitives.WriteInt64LittleEndian(span[9..], e.Place.Version);
        BinaryPrimitives.WriteInt64LittleEndian(span[17..], e.Place.RecordedAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16LittleEndian(span[25..], (ushort)moments.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(span[27..], (ushort)Encoding.UTF8.GetBytes(e.Type, span[(HeadLength + (moments.Count * MomentLength))..]));
        BinaryPrimitives.WriteUInt32LittleEndian(span[29..], (uint)facts.Length);
        foreach (var (i, moment) in moments.Index())
        {
            BinaryPrimitives.WriteInt64LittleEndian(span[(HeadLength + (i * MomentLength))..], moment.Ticks);
            BinaryPrimitives.WriteInt16LittleEndian(span[(HeadLength + (i * MomentLength) + 8)..], (short)moment.TotalOffsetMinutes);
        }

        facts.CopyTo(span[factsAt..]);
        return bytes;
    }

    /// <summary>The state after these events, but for those at <paramref name="before"/> and beyond.</summary>
    public TState Replay<TState>(ReadOnlySpan<byte> bytes, StreamType<TState> type, TState state, long before)
        where TState : class
    {
        while (bytes.Length > 0)
        {
            if (bytes[0] != ThisForm) throw Unreadable($"begin with {bytes[0]}, not {ThisForm}");
            var place = new EventPlace(
                BinaryPrimitives.ReadInt64LittleEndian(bytes[1..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[9..]),
                DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[17..])));
            if (place.Position >= before) return state;
            var moments = bytes.Slice(HeadLength, BinaryPrimitives.ReadUInt16LittleEndian(bytes[25..]) * MomentLength);
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[27..]);
            var form = bytes.Slice(HeadLength + moments.Length, nameLength + (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[29..]));
            state = type.After(state, FormOf(form, nameLength).With(moments), place);
            bytes = bytes[(HeadLength + moments.Length + form.Length)..];
        }

        return state;
    }

    private static InvalidDataException Unreadable(string why) => new(
        $"Rows of subject_facts {why}: another release wrote them. Empty subject_facts and subject_facts_followed in one transaction, and remove the checkpoint of {SubjectFacts.Name}: they are filled again from the log.");

    private Form FormOf(ReadOnlySpan<byte> form, int nameLength)
    {
        if (_forms.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(form, out var known)) return known;
        var (name, json) = (Encoding.UTF8.GetString(form[..nameLength]), form[nameLength..].ToArray());
        var facts = catalog.Decode(new StoredEvent(default, default, default, name, json, null));
        var setters = SettersOf(facts.GetType());

        // What was left out says the row, not today's type: a member may have come or gone since.
        var read = new Form(facts, [.. MomentsIn(json, NoSetters).Select(m => setters.GetValueOrDefault(m.Member))]);

        // Lost or doubled words of two threads at once cost a parse, and nothing else.
        var hash = SameBytes.HashOf(form);
        ref var once = ref _cameOnce[hash & (_cameOnce.Length - 1)];
        if (once == hash && _forms.Count < MaxForms) _forms.TryAdd(form.ToArray(), read);
        once = hash;
        return read;
    }

    private (byte[] Facts, List<DateTimeOffset> Moments) CutMoments(StoredEvent e)
    {
        var setters = catalog.Events.TryGetValue(e.Type, out var type) ? SettersOf(type) : NoSetters;
        var (facts, from, moments) = (new List<byte>(e.Data.Length), 0, new List<DateTimeOffset>());
        foreach (var (_, moment, start, end) in MomentsIn(e.Data.Span, setters))
        {
            facts.AddRange(e.Data.Span[from..start]);
            facts.AddRange(MomentLeftOut);
            moments.Add(moment);
            from = end;
        }

        facts.AddRange(e.Data.Span[from..]);
        return ([.. facts], moments);
    }

    /// <summary>Those of these members, and whatever looks as if it had been left out: it is, so that it can be told from nothing else.</summary>
    private static List<(string Member, DateTimeOffset Moment, int Start, int End)> MomentsIn(ReadOnlySpan<byte> facts, FrozenDictionary<string, Action<object, DateTimeOffset>> setters)
    {
        var moments = new List<(string, DateTimeOffset, int, int)>();
        var json = new Utf8JsonReader(facts);
        while (json.Read())
        {
            if (json.CurrentDepth != 1 || json.TokenType != JsonTokenType.PropertyName) continue;
            var member = json.GetString()!;
            json.Read();
            if (json.TokenType != JsonTokenType.String) continue;
            var (start, end) = ((int)json.TokenStartIndex, (int)json.BytesConsumed);
            if ((facts[start..end].SequenceEqual(MomentLeftOut) || setters.ContainsKey(member)) && json.TryGetDateTimeOffset(out var moment)) moments.Add((member, moment, start, end));
        }

        return moments;
    }

    /// <summary>Of the members that are moments, by their name in JSON.</summary>
    private static FrozenDictionary<string, Action<object, DateTimeOffset>> SettersOf(Type type) => Setters.GetOrAdd(type, static type => type.GetProperties()
        .Where(p => p.CanWrite && (p.PropertyType == typeof(DateTimeOffset) || p.PropertyType == typeof(DateTimeOffset?)))
        .ToFrozenDictionary(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name), p => (Action<object, DateTimeOffset>)typeof(CompactFacts)
            .GetMethod(p.PropertyType == typeof(DateTimeOffset) ? nameof(Setter) : nameof(OptionalSetter), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).Invoke(null, [p.SetMethod])!));

    private static Action<object, DateTimeOffset> Setter<T>(MethodInfo set)
    {
        var typed = set.CreateDelegate<Action<T, DateTimeOffset>>();
        return (facts, moment) => typed((T)facts, moment);
    }

    private static Action<object, DateTimeOffset> OptionalSetter<T>(MethodInfo set)
    {
        var typed = set.CreateDelegate<Action<T, DateTimeOffset?>>();
        return (facts, moment) => typed((T)facts, moment);
    }

    /// <param name="SetMoments">None for a member that is no moment any more.</param>
    private sealed record Form(object Facts, Action<object, DateTimeOffset>?[] SetMoments)
    {
        public object With(ReadOnlySpan<byte> moments)
        {
            if (moments.Length != SetMoments.Length * MomentLength) throw Unreadable("have other moments than their facts");
            if (SetMoments.Length == 0) return Facts;
            var facts = Clone(Facts);
            foreach (var set in SetMoments)
            {
                set?.Invoke(facts, new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(moments), TimeSpan.FromMinutes(BinaryPrimitives.ReadInt16LittleEndian(moments[8..]))));
                moments = moments[MomentLength..];
            }

            return facts;
        }
    }

    private sealed class SameBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static int HashOf(ReadOnlySpan<byte> bytes)
        {
            var hash = (ulong)bytes.Length;
            foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes)) hash = BitOperations.RotateLeft((hash ^ word) * 0x9E3779B97F4A7C15, 29);
            foreach (var rest in bytes[(bytes.Length & ~7)..]) hash = (hash ^ rest) * 0x9E3779B97F4A7C15;
            return (int)(hash ^ (hash >> 32));
        }

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => HashOf(obj);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public int GetHashCode(ReadOnlySpan<byte> alternate) => HashOf(alternate);
    }
}
