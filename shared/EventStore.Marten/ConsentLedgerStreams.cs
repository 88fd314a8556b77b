using JasperFx.Events;
using Marten;
using JasperFx.MultiTenancy;
using Weasel.Core;

namespace ConsentLedger.EventStore.Marten;

public static class ConsentLedgerStreams
{
    /// <summary>
    /// Makes this store one that reads a service's streams as they were written: text ids, a tenant a controller, events under the catalog's stored names.
    /// For read models, projections and subscriptions of your own. Append through the service: whoever appends around it takes no position, and nobody
    /// downstream hears of the event.
    /// </summary>
    public static void AddConsentLedgerStreams(this StoreOptions options, EventCatalog catalog)
    {
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.TenancyStyle = TenancyStyle.Conjoined;
        options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        options.Events.MetadataConfig.HeadersEnabled = true;
        foreach (var (name, type) in catalog.Events) options.Events.MapEventType(type, name);

        // Marten's own converters come last, so that facts read and look the same whichever engine wrote them.
        options.UseSystemTextJsonForSerialization(EventCatalog.Json, EnumStorage.AsString, Casing.CamelCase, json =>
        {
            for (var i = 0; i < EventCatalog.Json.Converters.Count; i++) json.Converters.Insert(i, EventCatalog.Json.Converters[i]);
        });
    }
}
