using Spectre.Console;

namespace ConsentLedger.Auditor.Telling;

/// <summary>How far long work is.</summary>
/// <param name="Total">Zero while nobody knows.</param>
internal readonly record struct Progressed(long Done, long Total);

/// <summary>Progress bars, on a terminal and nowhere else.</summary>
internal static class Watching
{
    public static async Task<T> WatchAsync<T>(this Surroundings surroundings, string what, Func<IProgress<Progressed>, Task<T>> work)
    {
        if (surroundings.Progress is null) return await work(new Unwatched());
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(surroundings.Progress) });
        return await console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new Bar(context.AddTask(Markup.Escape(what)))));
    }

    private sealed class Unwatched : IProgress<Progressed>
    {
        public void Report(Progressed value)
        {
            // Nobody watches.
        }
    }

    private sealed class Bar(ProgressTask bar) : IProgress<Progressed>
    {
        public void Report(Progressed value)
        {
            bar.IsIndeterminate = value.Total == 0;
            bar.MaxValue = Math.Max(value.Total, 1);
            bar.Value = value.Done;
        }
    }
}
