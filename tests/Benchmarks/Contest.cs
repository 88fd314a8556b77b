namespace ConsentLedger.Benchmarks;

/// <summary>Contenders that take turns on one machine in one run, so that what slows one slows all.</summary>
internal sealed class Contest(CancellationToken ct)
{
    private const int WarmUpSeconds = 2, NoFaster = 3;

    private readonly List<(string Name, Func<int, Task<double>> PerSecond, List<double> Rates)> _contenders = [];

    public IEnumerable<string> Names => _contenders.Select(c => c.Name);

    public void Enter(string name, Func<int, Task<double>> perSecond) => _contenders.Add((name, perSecond, []));

    public async Task RunAsync(int rounds, int seconds)
    {
        foreach (var contender in _contenders) await WarmUpAsync(contender.PerSecond);
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

    /// <summary>What is called all the time is compiled better and better for a while: until it no longer gets faster.</summary>
    private async Task WarmUpAsync(Func<int, Task<double>> perSecond)
    {
        var best = await perSecond(WarmUpSeconds);
        for (var noFaster = 0; noFaster < NoFaster;)
        {
            ct.ThrowIfCancellationRequested();
            var rate = await perSecond(WarmUpSeconds);
            noFaster = rate > best * 1.01 ? 0 : noFaster + 1;
            best = Math.Max(best, rate);
        }
    }

    public double MedianOf(string name) => Figure.Median(_contenders.Single(c => c.Name == name).Rates);

    public void Print(string name, string unit, string against, string baseline) => new Figure(name, MedianOf(name), unit, baseline, MedianOf(against)).Print();
}
