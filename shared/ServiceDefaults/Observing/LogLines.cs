using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ConsentLedger.EventStore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace ConsentLedger.ServiceDefaults;

/// <summary>
/// One JSON object a line. Scopes are left out, because the server's hold the request's path; so are the messages of exceptions, which may
/// quote what somebody sent, except where every message is known to be ours or the operating system's.
/// </summary>
internal sealed class LogLines(TimeProvider clock) : ConsoleFormatter(FormatName)
{
    public const string FormatName = "lines";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", clock.GetUtcNow());
            json.WriteString("level", logEntry.LogLevel.ToString());
            json.WriteString("category", logEntry.Category);
            if (logEntry.EventId.Name is { } name) json.WriteString("event", name);
            json.WriteString("message", logEntry.Formatter(logEntry.State, null));
            if (Activity.Current is { } activity) json.WriteString("trace", activity.TraceId.ToHexString());
            if (logEntry.Exception is { } exception) Write(json, exception);
            json.WriteEndObject();
        }

        textWriter.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter json, Exception exception)
    {
        json.WriteStartObject("error");
        json.WriteString("type", exception.GetType().FullName);
        if (exception is SocketException or StoreUnavailableException) json.WriteString("message", exception.Message);
        if (exception.StackTrace is { } stack) json.WriteString("stack", stack);
        if (exception.InnerException is { } inner) Write(json, inner);
        json.WriteEndObject();
    }
}
