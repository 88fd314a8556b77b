using System.CommandLine;
using ConsentLedger.Auditor.Witnessing;

var ledger = new RootCommand("Checks a consent ledger, and believes nobody.");
ledger.Subcommands.Add(WitnessCommand.Build());
return await ledger.Parse(args).InvokeAsync();
