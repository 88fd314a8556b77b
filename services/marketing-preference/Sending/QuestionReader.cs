using System.Text;
using System.Text.Json;
using ConsentLedger.Contracts.Policies;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Sending;

/// <summary>
/// Reads the questions of one part of a stream. A line of the plain form that machines write is read by hand, and the texts that all lines share are kept once; whatever has
/// anything else about it, be it good or bad, is left to <see cref="StrictJson"/>, which says what it means.
/// </summary>
internal sealed class QuestionReader
{
    private readonly Shared<string> _topics = new(text => text), _channels = new(text => text), _recipients = new(text => text), _categories = new(text => text), _jurisdictions = new(text => text);
    private readonly Shared<ZoneName> _zones = new(text => QuietHours.Find(text) is { } zone ? new ZoneName(zone) : null);

    public bool TryRead(ReadOnlyMemory<byte> line, out SendQuestion? question, out Problem? problem)
    {
        problem = null;
        return TryReadPlain(line.Span, out question) || StrictJson.TryRead(line, out question, out problem);
    }

    internal bool TryReadPlain(ReadOnlySpan<byte> line, out SendQuestion? question)
    {
        question = null;
        if (!Ascii.IsValid(line) || line.Contains((byte)'\\')) return false;
        try
        {
            return TryReadMembers(new Utf8JsonReader(line), out question);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private bool TryReadMembers(Utf8JsonReader json, out SendQuestion? question)
    {
        question = null;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
        var seen = Member.None;
        SubjectId subject = default;
        AddressTag? address = null;
        bool? headers = null;
        string? topic = null, channel = null, recipient = null, category = null, jurisdiction = null;
        Word? deliveryId = null, recipientRef = null;
        ZoneName? zone = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var member = MemberOf(ref json);
            if (member == Member.None || (seen & member) != 0 || !json.Read()) return false;
            seen |= member;
            if (member == Member.Headers)
            {
                if (json.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return false;
                headers = json.TokenType == JsonTokenType.True;
                continue;
            }

            if (json.TokenType != JsonTokenType.String) return false;
            var text = json.ValueSpan;
            var isRead = member switch
            {
                Member.Subject => TryReadSubject(text, out subject),
                Member.Topic => (topic = _topics.Of(text)) is not null,
                Member.Channel => (channel = _channels.Of(text)) is not null,
                Member.Recipient => (recipient = _recipients.Of(text)) is not null,
                Member.Category => (category = _categories.Of(text)) is not null,
                Member.Jurisdiction => (jurisdiction = _jurisdictions.Of(text)) is not null,
                Member.TimeZone => (zone = _zones.Of(text)) is not null,
                Member.DeliveryId => (deliveryId = Word.TryParse(Encoding.ASCII.GetString(text))) is not null,
                Member.RecipientRef => (recipientRef = Word.TryParse(Encoding.ASCII.GetString(text))) is not null,
                _ => TryReadTag(text, out address),
            };
            if (!isRead) return false;
        }

        const Member Needed = Member.Subject | Member.Topic | Member.Channel;
        if (json.TokenType != JsonTokenType.EndObject || json.Read() || (seen & Needed) != Needed) return false;
        question = new SendQuestion(subject, topic!, channel!, recipient, deliveryId, recipientRef, headers, address, category, jurisdiction, zone);
        return true;
    }

    private static Member MemberOf(ref Utf8JsonReader json)
    {
        if (json.ValueTextEquals("subject"u8)) return Member.Subject;
        if (json.ValueTextEquals("topic"u8)) return Member.Topic;
        if (json.ValueTextEquals("channel"u8)) return Member.Channel;
        if (json.ValueTextEquals("address"u8)) return Member.Address;
        if (json.ValueTextEquals("headers"u8)) return Member.Headers;
        if (json.ValueTextEquals("deliveryId"u8)) return Member.DeliveryId;
        if (json.ValueTextEquals("recipientRef"u8)) return Member.RecipientRef;
        if (json.ValueTextEquals("recipient"u8)) return Member.Recipient;
        if (json.ValueTextEquals("category"u8)) return Member.Category;
        if (json.ValueTextEquals("jurisdiction"u8)) return Member.Jurisdiction;
        return json.ValueTextEquals("timeZone"u8) ? Member.TimeZone : Member.None;
    }

    private static bool TryReadSubject(ReadOnlySpan<byte> text, out SubjectId subject)
    {
        Span<char> chars = stackalloc char[36];
        subject = default;
        if (text.Length != chars.Length || text.ContainsAnyInRange((byte)'A', (byte)'F')) return false;
        Encoding.ASCII.GetChars(text, chars);
        if (!Guid.TryParseExact(chars, "D", out var id) || id.Version is not (4 or 7) || id.Variant is < 8 or > 11) return false;
        subject = SubjectId.Of(new StreamId(id));
        return true;
    }

    private static bool TryReadTag(ReadOnlySpan<byte> text, out AddressTag? address)
    {
        address = AddressTag.TryParse(Encoding.ASCII.GetString(text), out var tag) ? tag : null;
        return address is not null;
    }

    [Flags]
    private enum Member
    {
        None = 0,
        Subject = 1,
        Topic = 1 << 1,
        Channel = 1 << 2,
        Address = 1 << 3,
        Headers = 1 << 4,
        DeliveryId = 1 << 5,
        RecipientRef = 1 << 6,
        Recipient = 1 << 7,
        Category = 1 << 8,
        Jurisdiction = 1 << 9,
        TimeZone = 1 << 10,
    }

    /// <summary>The few values that one member has in many lines.</summary>
    private sealed class Shared<T>(Func<string, T?> read)
        where T : class
    {
        private const int Most = 16;

        private readonly List<(byte[] Utf8, T Value)> _known = [];

        public T? Of(ReadOnlySpan<byte> utf8)
        {
            foreach (var (text, value) in _known)
                if (utf8.SequenceEqual(text)) return value;
            if (read(Encoding.ASCII.GetString(utf8)) is not { } another) return null;
            if (_known.Count < Most) _known.Add((utf8.ToArray(), another));
            return another;
        }
    }
}
