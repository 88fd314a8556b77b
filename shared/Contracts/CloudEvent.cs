using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ConsentLedger.Contracts;

/// <summary>One message as it travels: CloudEvents 1.0 in structured JSON (<c>application/cloudevents+json</c>), with the extensions this system uses.</summary>
public sealed record CloudEvent
{
    public const string MediaType = "application/cloudevents+json";

    /// <summary>Unique within its <see cref="Source"/>; an event's uuid for what we publish, anything up to 200 characters from others.</summary>
    public required string Id { get; init; }

    /// <summary>A URI reference of its sender. Answers to commands are routed by it.</summary>
    public required string Source { get; init; }

    /// <summary>What happened or is asked for, such as <c>consent.granted.v1</c>.</summary>
    public required string Type { get; init; }

    public DateTimeOffset? Time { get; init; }

    /// <summary>The person it is about, as a uuid; or the log.</summary>
    public string? Subject { get; init; }

    public string? Tenant { get; init; }

    /// <summary>Where the event lies in its tenant's log, from 0.</summary>
    public long? Position { get; init; }

    /// <summary>Which event of its stream it is, from 1. A consumer ignores a version it already has.</summary>
    public long? StreamVersion { get; init; }

    /// <summary>W3C trace context.</summary>
    public string? TraceParent { get; init; }

    /// <summary>The facts: UTF-8 JSON, empty where there are none.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Reads strictly what we rely on and passes over what we do not know.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> body, [NotNullWhen(true)] out CloudEvent? message, [NotNullWhen(false)] out CloudEventFault? fault) =>
        CloudEventReader.TryRead(body, out message, out fault);

    /// <summary>The facts as <typeparamref name="T"/>.</summary>
    /// <exception cref="UnreadableDataException">A field is missing or of another kind. Its message names fields, never values.</exception>
    public T DataAs<T>()
        where T : notnull
    {
        try
        {
            return Data.IsEmpty
                ? throw new UnreadableDataException($"{Type} has no data.")
                : JsonSerializer.Deserialize<T>(Data.Span, MessageJson.Options) ?? throw new UnreadableDataException($"The data of {Type} is null.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new UnreadableDataException(e is JsonException { Path: [_, ..] path } ? $"The data of {Type} is wrong or incomplete at {path}." : $"The data of {Type} is wrong or incomplete.", e);
        }
    }

    public static ReadOnlyMemory<byte> DataFrom<T>(T facts)
        where T : notnull => JsonSerializer.SerializeToUtf8Bytes(facts, MessageJson.Options);

    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(512 + Data.Length);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("specversion"u8, "1.0"u8);
            json.WriteString("id"u8, Id);
            json.WriteString("source"u8, Source);
            json.WriteString("type"u8, Type);
            if (Time is { } time) json.WriteString("time"u8, time);
            if (Subject is not null) json.WriteString("subject"u8, Subject);
            if (Tenant is not null) json.WriteString("tenant"u8, Tenant);
            if (Position is { } position) json.WriteNumber("position"u8, position);
            if (StreamVersion is { } version) json.WriteNumber("streamversion"u8, version);
            if (TraceParent is not null) json.WriteString("traceparent"u8, TraceParent);
            if (!Data.IsEmpty)
            {
                json.WriteString("datacontenttype"u8, "application/json"u8);
                json.WritePropertyName("data"u8);
                json.WriteRawValue(Data.Span);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}

/// <summary>Why a body is not a message of ours.</summary>
/// <param name="Code"><c>not_json</c>, <c>not_a_cloud_event</c>, <c>attribute_missing</c>, <c>attribute_invalid</c> or <c>too_large</c>.</param>
/// <param name="Reason">A sentence without any value of the message.</param>
/// <param name="Id">The message's id, where that much could be read.</param>
/// <param name="Source">Its sender, where that much could be read.</param>
public sealed record CloudEventFault(string Code, string Reason, string? Id = null, string? Source = null);

/// <summary>The envelope is sound; what is in it is not.</summary>
public sealed class UnreadableDataException(string reason, Exception? inner = null) : Exception(reason, inner)
{
    public const string Code = "data_invalid";
}
