namespace ConsentLedger.Story;

/// <summary>The story cannot go on. The message is a sentence for whoever watches it, without anything personal.</summary>
internal sealed class StoryBrokenException(string sentence, Exception? inner = null) : Exception(sentence, inner);

internal static class Expect
{
    public static void That(bool holds, string otherwise)
    {
        if (!holds) throw new StoryBrokenException(otherwise);
    }

    public static void Same<T>(T expected, T actual, string of) => That(Equals(expected, actual), $"{of}: expected {expected}, got {actual}.");
}
