using System.Globalization;
using System.Text;

namespace ConsentLedger.Consent.Consents.Recording;

/// <summary>One line an event, for spreadsheets (RFC 4180). What was sealed is not among it.</summary>
public static class EventTable
{
    private static readonly string[] Columns =
    [
        "recordedAt", "occurredAt", "position", "version", "event", "id", "purpose", "title", "channel", "recipient", "law", "scope", "jurisdiction", "actor", "method", "source", "policyVersion",
        "text", "locale", "textHash", "until", "statusAfter", "facts",
    ];

    public static string Of(SubjectRecord record)
    {
        var steps = record.Consents().SelectMany(c => c.Steps.Select(s => (Consent: c, Step: s))).ToDictionary(s => s.Step.Line.Event.Place.Version);
        var table = new StringBuilder();
        Append(table, Columns);
        foreach (var line in record.Lines)
        {
            steps.TryGetValue(line.Event.Place.Version, out var of);
            Append(table, Cells(line, of.Consent, of.Step));
        }

        return table.ToString();
    }

    private static string?[] Cells(RecordedLine line, RecordedConsent? consent, RecordedStep? step)
    {
        var (stored, facts, act) = (line.Event, line.Facts, line.Facts as IAct);
        var (place, lane) = (stored.Place, consent?.Lane);
        var (text, until, jurisdiction) = facts switch
        {
            ConsentAsked f => (f.Text, null, f.Jurisdiction),
            ConsentPending f => (f.Text, f.Until, f.Jurisdiction),
            ConsentConfirmed f => (f.Text, f.Until, null),
            ConsentGranted f => (f.Text, f.Until, f.Jurisdiction),
            ConsentRefused f => (f.Text, null, f.Jurisdiction),
            BirthMonthStated f => (null, null, f.Jurisdiction),
            ObjectionRaised f => (null, null, f.Jurisdiction),
            SignalReceived f => (null, null, f.Jurisdiction),
            _ => ((TextShown?)null, (DateTimeOffset?)null, (Token?)null),
        };
        return
        [
            Moment(place.RecordedAt), Moment(act?.OccurredAt), Number(place.Position), Number(place.Version), stored.Type, stored.Id.ToString(),
            lane?.Purpose, consent?.Purpose?.Title[Contracts.Policies.Localised.Fallback], lane?.Channel, lane?.Recipient, lane?.Law, lane?.Scope, jurisdiction,
            act is null ? null : System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(act.Actor.ToString()), act?.Method, act?.Source, (facts as ILaneAct)?.PolicyVersion,
            text?.Id, text?.Locale, text?.Hash, Moment(until), step?.After.ToString(), Encoding.UTF8.GetString(stored.Data.Span),
        ];
    }

    private static void Append(StringBuilder table, IEnumerable<string?> cells) => table.AppendJoin(',', cells.Select(Quoted)).Append("\r\n");

    /// <summary>A cell that a spreadsheet takes for what it is: never for a formula, whoever wrote it.</summary>
    public static string Quoted(string? cell)
    {
        if (cell is not { Length: > 0 }) return "";
        var harmless = cell[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' ? $"'{cell}" : cell;
        return harmless.AsSpan().ContainsAny(",\"\r\n") ? $"\"{harmless.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : harmless;
    }

    private static string? Moment(DateTimeOffset? moment) => moment?.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
