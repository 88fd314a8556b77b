using System.Globalization;

namespace ConsentLedger.Story;

/// <summary>A line a step: on a terminal it counts while it grows, elsewhere it is written once, when the step is done.</summary>
internal sealed class Progress(TimeProvider clock)
{
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100);

    private readonly bool _live = !Console.IsOutputRedirected;
    private readonly Lock _gate = new();
    private string _step = "";
    private int _done;
    private int _of;
    private long _started;
    private long _drawn;

    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    public static void Say(string line) => Console.WriteLine(line);

    public void Title(string text) => Say(Styled("1", text));

    public void Note(string text) => Say($"      {Styled("2", text)}");

    /// <param name="of">How often <see cref="Advance"/> will be called; 0 where nobody can say.</param>
    public void Begin(string step, int of = 0)
    {
        lock (_gate) (_step, _done, _of, _started, _drawn) = (step, 0, of, clock.GetTimestamp(), 0);
        Draw();
    }

    public void Advance(int by = 1)
    {
        lock (_gate)
        {
            _done += by;
            if (_drawn != 0 && clock.GetElapsedTime(_drawn) < Redraw) return;
            _drawn = clock.GetTimestamp();
        }

        Draw();
    }

    public void Done(string outcome)
    {
        var seconds = clock.GetElapsedTime(_started).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        Say($"{(_live ? "\r\e[K" : "")}  {Styled("32", "✓")} {_step}: {outcome} {Styled("2", $"{seconds} s")}");
    }

    private void Draw()
    {
        if (_live) Console.Write($"\r\e[K  … {_step}{(_of == 0 ? "" : $" {Number(_done)}/{Number(_of)}")}");
    }

    private string Styled(string style, string text) => _live ? $"\e[{style}m{text}\e[0m" : text;
}
