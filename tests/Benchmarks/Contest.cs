namespace ConsentLedger.Benchmarks;

/// <summary>Contenders that take turns on one machine in one run, so that what slows one slows all.</summary>
internal sealed class Contest(CancellationToken ct)
{
    private readonly List<(string Name, Func<int, Task<double>> PerSecond, List<double> Rates)> _contenders = [];

    public IEnumerable<string> Names => _contenders.Select(c => c.Name);

    public void Enter(string name, Func<int, Task<double>> perSecond) => _contenders.Add((name, perSecond, []));

    public async Task RunAsync(int rounds, int seconds)
    {
        foreach (var contender in _contenders) await contender.PerSecond(2);
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (_, perSecond, rates) in _contenders)
            {
                ct.ThrowIfCancellationRequested();
                rates.Add(await perSecond(seconds));
            }

            await Console.Error.WriteLineAsync($"  round {round}: {string.Join(", ", _contenders.Select(c => $"{c.Name} {c.Rates[^1]:N0}/s"))}");
        }
    }

    public double MedianOf(string name) => Figure.Median(_contenders.Single(c => c.Name == name).Rates);

    public void Print(string name, string unit, string against, string baseline) => new Figure(name, MedianOf(name), unit, baseline, MedianOf(against)).Print();
}
