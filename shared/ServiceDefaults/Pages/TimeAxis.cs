using System.Globalization;

namespace ConsentLedger.ServiceDefaults;

/// <summary>Moments as places from left to right, and the round moments among them that get a label. Everything in UTC.</summary>
public sealed record TimeAxis(DateTimeOffset From, DateTimeOffset Until, double Width)
{
    private const double LeastGap = 84;

    private static readonly (TimeSpan Step, string Format)[] Steps =
    [
        .. Of(TimeSpan.FromMilliseconds, "HH:mm:ss.fff", 1, 2, 5, 10, 20, 50, 100, 200, 500), .. Of(TimeSpan.FromSeconds, "HH:mm:ss", 1, 2, 5, 10, 15, 30),
        .. Of(TimeSpan.FromMinutes, "HH:mm", 1, 2, 5, 10, 15, 30), .. Of(TimeSpan.FromHours, "HH:mm", 1, 2, 3, 6, 12), .. Of(TimeSpan.FromDays, "d MMM", 1, 2, 7, 14),
    ];

    private static readonly int[] Months = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200];

    public double At(DateTimeOffset moment) => Math.Clamp((moment - From) / (Until - From), 0, 1) * Width;

    /// <param name="Day">Under the first tick of each day where the labels are times, else null.</param>
    public readonly record struct Tick(double X, string Label, string? Day);

    public IReadOnlyList<Tick> Ticks()
    {
        var least = (Until - From) * (LeastGap / Width);
        var (step, format) = Steps.FirstOrDefault(s => s.Step >= least);
        return step == default ? [.. MonthTicks(least)] : [.. EvenTicks(step, format)];
    }

    private IEnumerable<Tick> EvenTicks(TimeSpan step, string format)
    {
        var first = From.UtcTicks % step.Ticks == 0 ? From.UtcTicks : ((From.UtcTicks / step.Ticks) + 1) * step.Ticks;
        var day = DateOnly.MinValue;
        for (var moment = new DateTimeOffset(first, TimeSpan.Zero); moment <= Until; moment += step)
        {
            var isNewDay = day != (day = DateOnly.FromDateTime(moment.UtcDateTime));
            var below = step.TotalDays >= 1 ? Year(moment, step) : isNewDay ? moment.ToString("d MMM yyyy", CultureInfo.InvariantCulture) : null;
            yield return new Tick(At(moment), moment.ToString(format, CultureInfo.InvariantCulture), below);
        }

        string? Year(DateTimeOffset moment, TimeSpan since) =>
            moment - since < From || (moment - since).Year != moment.Year ? moment.ToString("yyyy", CultureInfo.InvariantCulture) : null;
    }

    private IEnumerable<Tick> MonthTicks(TimeSpan least)
    {
        var months = Months.FirstOrDefault(m => TimeSpan.FromDays(m * 30.4) >= least, Months[^1]);
        var first = new DateTimeOffset(From.UtcDateTime.Year, 1, 1, 0, 0, 0, TimeSpan.Zero);
        if (months > 12) first = first.AddYears(-(first.Year % (months / 12)));
        for (var moment = first; moment <= Until; moment = moment.AddMonths(months))
        {
            if (moment < From) continue;
            yield return months < 12
                ? new Tick(At(moment), moment.ToString("MMM", CultureInfo.InvariantCulture), moment.Month <= months || moment.AddMonths(-months) < From ? $"{moment.Year}" : null)
                : new Tick(At(moment), $"{moment.Year}", null);
        }
    }

    private static IEnumerable<(TimeSpan, string)> Of(Func<double, TimeSpan> unit, string format, params IEnumerable<int> counts) => counts.Select(n => (unit(n), format));
}
