using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ConsentLedger.MarketingPreference.Addresses;
using ConsentLedger.MarketingPreference.Preferences;
using ConsentLedger.MarketingPreference.Sending;
using ConsentLedger.MarketingPreference.Snapshot;
using ConsentLedger.ServiceDefaults;
using CsvHelper;
using CsvHelper.Configuration;

namespace ConsentLedger.MarketingPreference.Copying;

/// <summary>What this service itself keeps about a person, for their copy: how each choice stands, everything that was recorded, the addresses that are theirs, and how often they were written to.</summary>
internal sealed record KeptHere(
    IReadOnlyList<ToldPreference> Choices, IReadOnlyList<KeptEvent> Events, IReadOnlyList<KeptAddress> Addresses, IReadOnlyList<CountedTopic> Counts)
{
    /// <summary>What the consent service's table has for what is known here.</summary>
    private static readonly string[] Columns = ["recordedAt", "occurredAt", "position", "version", "event", "id", "purpose", "channel", "actor", "method", "source", "facts"];

    public bool IsEmpty => Events.Count == 0 && Addresses.Count == 0 && Counts.Count == 0;

    public static KeptHere Of(IReadOnlyList<StoredEvent> events, SubjectPreferences state, IReadOnlyList<KeptAddress> addresses, IReadOnlyList<CountedTopic> counts) => new(
        ToldPreference.AllOf(state),
        [.. events.Select(e => new KeptEvent(e.Place.RecordedAt, e.Place.Position, e.Place.Version, e.Type, e.Id, JsonSerializer.Deserialize<JsonElement>(e.Data.Span)))], addresses, counts);

    /// <param name="events">The person's whole stream, in order.</param>
    public static async Task<KeptHere> ReadAsync(StreamKey subject, IReadOnlyList<StoredEvent> events, SubjectPreferences state, IServiceProvider services, CancellationToken ct)
    {
        var (links, reader) = (await services.GetRequiredService<AddressReader>().OfSubjectAsync(subject, ct), services.GetRequiredService<StateReader>());
        var states = await reader.ReadAsync([.. links.Select(l => l.Address)], Address.Stream, ct);

        // An address may be other persons' too: who they are is not told here.
        var addresses = from link in links
                        let address = states[link.Address]
                        where address.Tag is not null && address.Links.Contains(link.Link)
                        select new KeptAddress(address.Tag!.Value, address.Standing.Standing, address.Standing.Place?.RecordedAt);
        return Of(events, state, [.. addresses], await services.GetRequiredService<SendCounts>().OfSubjectAsync(subject, ct));
    }

    /// <param name="copy">The consent service's; null where nothing is known there.</param>
    public byte[] IntoJson(SubjectId subject, DateTimeOffset now, byte[]? copy)
    {
        var whole = copy is null ? new JsonObject { ["subject"] = $"{subject}", ["at"] = JsonSerializer.SerializeToNode(now, StrictJson.Options) } : JsonNode.Parse(copy)!.AsObject();
        whole["preferences"] = JsonSerializer.SerializeToNode(this, StrictJson.Options);
        return JsonSerializer.SerializeToUtf8Bytes(whole, StrictJson.Options);
    }

    /// <summary>A line an event, under the consent service's columns where it has any: one table.</summary>
    /// <param name="copy">As above.</param>
    public byte[] IntoTable(byte[]? copy)
    {
        var table = copy is null ? $"{string.Join(',', Columns)}\r\n" : Encoding.UTF8.GetString(copy);
        var header = table[..table.IndexOf("\r\n", StringComparison.Ordinal)].Split(',');
        using var text = new StringWriter(new StringBuilder(table), CultureInfo.InvariantCulture);
        using (var csv = new CsvWriter(text, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\r\n", InjectionOptions = InjectionOptions.Escape }))
        {
            foreach (var e in Events)
            {
                foreach (var column in header) csv.WriteField(Cell(e, column));
                csv.NextRecord();
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string? Cell(KeptEvent e, string column) => column switch
    {
        "recordedAt" => Moment(e.RecordedAt),
        "position" => $"{e.Position}",
        "version" => $"{e.Version}",
        "event" => e.Type,
        "id" => $"{e.Id}",
        "source" => "marketing-preference",
        "facts" => e.Facts.GetRawText(),
        "occurredAt" or "purpose" or "channel" or "actor" or "method" => e.Facts.TryGetProperty(column, out var value) ? value.ToString() : null,
        _ => null,
    };

    private static string Moment(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture);
}

/// <param name="Facts">As they were recorded: of a click the references of the mail, and what was seen of whoever clicked.</param>
internal sealed record KeptEvent(DateTimeOffset RecordedAt, long Position, long Version, string Type, Guid Id, JsonElement Facts);

/// <summary>An address of theirs, by its tag: what it is, the e-mail system knows.</summary>
internal sealed record KeptAddress(AddressTag Tag, AddressStanding Standing, DateTimeOffset? Since);
