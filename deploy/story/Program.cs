using ConsentLedger.Story;
using RabbitMQ.Client.Exceptions;

if (!StoryOptions.TryRead(args, out var options, out var complaint))
{
    Console.Error.WriteLine(complaint);
    return 2;
}

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    interrupted.Cancel();
};
try
{
    await Telling.RunAsync(options, Surroundings.FromEnvironment(), TimeProvider.System, interrupted.Token);
    return 0;
}
catch (StoryBrokenException broken)
{
    return BreakOff(broken.Message, 1);
}
catch (RabbitMQClientException)
{
    return BreakOff("RabbitMQ closed the connection in the middle of the story.", 1);
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    return BreakOff("Interrupted.", 130);
}

static int BreakOff(string sentence, int exitCode)
{
    // Below the step that was under way.
    if (!Console.IsOutputRedirected) Console.WriteLine();
    Console.Error.WriteLine($"✗ {sentence}");
    return exitCode;
}
