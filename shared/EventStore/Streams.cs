using System.Diagnostics.CodeAnalysis;
using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore;

/// <summary>A controller, as a lower-case label of at most 63 characters. Nothing is ever read or written across tenants.</summary>
public readonly record struct TenantId
{
    private readonly string? _value;

    private TenantId(string value) => _value = value;

    public override string ToString() => _value ?? "";

    public static TenantId Parse(string text) =>
        TryParse(text, out var tenant) ? tenant : throw new FormatException("A tenant is 1 to 63 of a-z, 0-9 and '-', not starting with '-'.");

    public static bool TryParse([NotNullWhen(true)] string? text, out TenantId tenant)
    {
        tenant = default;
        if (text is not { Length: > 0 and <= 63 } || text[0] == '-') return false;
        foreach (var c in text)
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')) return false;
        tenant = new TenantId(text);
        return true;
    }
}

/// <summary>What one stream is about: a data subject, a controller's policies, an erasure request. Random or time-ordered, never derived from an address.</summary>
public readonly record struct StreamId(Guid Value)
{
    public override string ToString() => Value.ToString("D");

    /// <summary>Reads what an outsider says: a UUID of version 4 or 7 (RFC 9562) in lower case. Name-based versions could be derived from an address.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out StreamId id)
    {
        id = default;
        if (!Guid.TryParseExact(text, "D", out var value) || value.ToString("D") != text) return false;
        if (value.Version is not (4 or 7) || value.Variant is < 8 or > 11) return false;
        id = new StreamId(value);
        return true;
    }
}

public readonly record struct StreamKey(TenantId Tenant, StreamId Id);

/// <summary>Where an event stands: <paramref name="Position"/> counts its tenant's events from 0 without a gap, <paramref name="Version"/> its stream's from 1.</summary>
/// <param name="RecordedAt">Our clock, in whole milliseconds, never decreasing within a tenant.</param>
public readonly record struct EventPlace(long Position, long Version, DateTimeOffset RecordedAt)
{
    /// <summary>From when a no counts that claims this date: from where it is recorded at the latest, or a clock that runs ahead would keep a later change of mind out.</summary>
    public DateTimeOffset HeardAt(DateTimeOffset claimed) => HeardAt(claimed, RecordedAt);

    /// <inheritdoc cref="HeardAt(DateTimeOffset)"/>
    /// <param name="recordedAt">What it leaves out is less than a millisecond, and no reason to take a no for older than it is.</param>
    public static DateTimeOffset HeardAt(DateTimeOffset claimed, DateTimeOffset recordedAt)
    {
        var latest = recordedAt.AddTicks(TimeSpan.TicksPerMillisecond - 1);
        return claimed < latest ? claimed : latest;
    }
}

/// <summary>One committed event as an engine keeps it.</summary>
/// <param name="Data">The facts: UTF-8 JSON that identifies nobody by itself.</param>
/// <param name="TraceParent">W3C trace context of the request that caused it.</param>
/// <param name="Leaf">Its entry's in the tenant's tree; what the stream's next entry follows.</param>
public sealed record StoredEvent(StreamKey Stream, EventPlace Place, Guid Id, string Type, ReadOnlyMemory<byte> Data, string? TraceParent, Hash Leaf = default);
