using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;

namespace ConsentLedger.MarketingPreference.Snapshot;

/// <summary>A snapshot for people with spreadsheets: a row for each choice. No field needs quotes: ids, words of a policy pack, and times.</summary>
internal static class SnapshotTable
{
    public static void Write(PipeWriter body, Told told)
    {
        switch (told)
        {
            case ToldStart:
                Row(body, "subject", "version", "addressTag", "topic", "channel", "state", "cause", "everything", "actor", "method", "occurredAt", "position");
                break;
            case ToldSubject person:
                foreach (var p in person.Preferences)
                    Row(body, $"{person.Subject}", $"{person.Version}", "", p.Topic, p.Channel, NameOf(p.State), NameOf(p.Cause), "", NameOf(p.Actor), p.Method, Moment(p.OccurredAt), $"{p.Position}");
                break;
            case ToldAddress address:
                Row(body, "", "", $"{address.AddressTag}", "", "", address.State, address.Cause, address.Everything ? "true" : "false", "", "", Moment(address.OccurredAt), $"{address.Position}");
                break;
            case ToldEnd:
                break;
        }
    }

    private static void Row(PipeWriter body, params ReadOnlySpan<string> fields)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            if (i > 0) Encoding.UTF8.GetBytes(",", body);
            Encoding.UTF8.GetBytes(fields[i], body);
        }

        Encoding.UTF8.GetBytes("\r\n", body);
    }

    private static string Moment(DateTimeOffset moment) => moment.ToString("O", CultureInfo.InvariantCulture);

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
