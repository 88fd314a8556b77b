using System.CommandLine;

return await new RootCommand("Checks a consent ledger, and believes nobody.").Parse(args).InvokeAsync();
