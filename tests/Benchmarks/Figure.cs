using System.Runtime.InteropServices;
using System.Text.Json;

namespace ConsentLedger.Benchmarks;

/// <summary>One measured figure beside its baseline from the same run. Ratios carry over to other machines; the values do not.</summary>
internal sealed record Figure(string Name, double Value, string Unit, string Baseline, double BaselineValue)
{
    public void Print() => Console.WriteLine(JsonSerializer.Serialize(
        new
        {
            name = Name,
            value = Math.Round(Value, 1),
            unit = Unit,
            baseline = Baseline,
            baselineValue = Math.Round(BaselineValue, 1),
            ratio = Math.Round(Value / BaselineValue, 2),
            machine = $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}",
        }));

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
