using System.Globalization;
using System.Text.Json;
using ConsentLedger.ErasureOrchestrator.Erasures;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.ErasureOrchestrator.Desk;

/// <summary>How the desk says things.</summary>
internal static class DeskWords
{
    public static string Plain(Enum value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()).Replace('-', ' ');

    public static string Plain(string? word) => (word ?? "").Replace('-', ' ');

    public static string Kebab(Enum value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    public static Html Time(DateTimeOffset moment) =>
        $"""<time datetime="{moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}">{moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}</time>""";

    public static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The time that is left, said so that nobody needs the colour.</summary>
    public static Html Left(DateTimeOffset lapsesAt, DateTimeOffset now)
    {
        var days = (int)Math.Floor((lapsesAt - now).TotalDays);
        return days switch
        {
            < 0 => $"""<span class="left late">{(days == -1 ? "overdue" : $"{-days} days overdue")}</span>""",
            0 => $"""<span class="left soon">last day</span>""",
            < 7 => $"""<span class="left soon">{days} {(days == 1 ? "day" : "days")}</span>""",
            _ => $"""<span class="left">{days} days</span>""",
        };
    }

    public static string Title(RequestState state) => state switch
    {
        RequestState.AwaitingIdentity => "Waiting for the person to confirm",
        RequestState.AwaitingInstruction => "Waiting for an instruction",
        RequestState.CoolingOff => "Cooling off",
        RequestState.Held => "On legal hold",
        RequestState.Running => "Running",
        RequestState.Completed => "Completed",
        _ => "Withdrawn",
    };
}
