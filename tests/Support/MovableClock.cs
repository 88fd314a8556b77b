using System.Xml;

namespace ConsentLedger.Support;

/// <summary>A clock that a test moves and running services follow, within a moment: it writes the file that their <c>Clock:OffsetFile</c> names.</summary>
public sealed class MovableClock : TimeProvider
{
    private readonly string _file;
    private TimeSpan _offset;

    public MovableClock(string file)
    {
        _file = file;
        Write(TimeSpan.Zero);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _offset;

    /// <param name="by">Negative to set it back.</param>
    public void Move(TimeSpan by) => Write(_offset + by);

    public void MoveTo(DateTimeOffset moment) => Write(moment - System.GetUtcNow());

    public void AddTo(IDictionary<string, string> settings) => settings["Clock__OffsetFile"] = _file;

    // Another file in its place, so that nobody reads half of it.
    private void Write(TimeSpan offset)
    {
        _offset = offset;
        File.WriteAllText($"{_file}.new", XmlConvert.ToString(offset));
        File.Move($"{_file}.new", _file, overwrite: true);
    }
}
