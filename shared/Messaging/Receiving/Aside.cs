namespace ConsentLedger.Messaging;

/// <summary>For a handler that has to wait for time to pass, or for something far away.</summary>
public static class Aside
{
    /// <summary>The places of the queue whose message is being handled; null where none is.</summary>
    internal static AsyncLocal<SemaphoreSlim?> Places { get; } = new();

    /// <summary>Waits without taking anybody's place. Only messages of the same subject stay behind this one; whoever handles no message just waits.</summary>
    public static async Task WaitAsync(Func<Task> wait)
    {
        var places = Places.Value;
        places?.Release();
        try
        {
            await wait();
        }
        finally
        {
            if (places is not null) await places.WaitAsync();
        }
    }
}
