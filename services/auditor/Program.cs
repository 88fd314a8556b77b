using ConsentLedger.Auditor.Telling;

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    // The verb ends by itself and says what it got to.
    press.Cancel = true;
    interrupted.Cancel();
};
return await CommandLine.RunAsync(args, Surroundings.OfThisProcess(), interrupted.Token);
