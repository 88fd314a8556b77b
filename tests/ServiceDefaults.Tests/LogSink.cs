using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace ConsentLedger.ServiceDefaults.Tests;

/// <summary>Keeps the lines that the console would have shown, behind the same filters and formatter, scopes included.</summary>
internal sealed class LogSink : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider? _scopes;

    public ConsoleFormatter? Formatter { get; set; }

    public ConcurrentQueue<string> Lines { get; } = [];

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose() { }

    private sealed class Logger(LogSink sink, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => sink._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            using var line = new StringWriter();
            sink.Formatter?.Write(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter), sink._scopes, line);
            sink.Lines.Enqueue(line.ToString());
        }
    }
}
