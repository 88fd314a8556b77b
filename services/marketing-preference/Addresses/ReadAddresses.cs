using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using ConsentLedger.MarketingPreference.Bulk;
using ConsentLedger.ServiceDefaults;

namespace ConsentLedger.MarketingPreference.Addresses;

/// <param name="Position">Of the event that its standing rests on.</param>
/// <param name="Since">When that was recorded.</param>
public sealed record AddressAnswer(
    AddressTag Tag, long Version, AddressStanding Standing, DateTimeOffset? Since, long? Position, int SoftBounces, DateTimeOffset? PausedUntil, SuppressionCause? Cause, IReadOnlyList<Guid> Subjects)
{
    public static AddressAnswer Of(AddressTag tag, Address address, long version, params IEnumerable<AddressLink> links)
    {
        var (standing, place) = address.Standing;
        return new(tag, version, standing, place?.RecordedAt, place?.Position, address.SoftBounces, address.PausedUntil, address.Cause, [.. links.Where(l => address.Links.Contains(l.Link)).Select(l => l.Subject)]);
    }
}

/// <summary>One line of the list of what is stopped.</summary>
public sealed record SuppressionLine(AddressTag Tag, AddressStanding Standing, DateTimeOffset? Since, long? Position);

/// <summary>The last line. Without it the list is not complete.</summary>
public sealed record SuppressionsEnd(long Listed);

/// <summary>For whoever keeps addresses: one by its tag, those of a subject, and all that are stopped.</summary>
public static class ReadAddresses
{
    private const string NdJson = "application/x-ndjson";

    private const int FlushAtBytes = 64 * 1024;

    private static readonly Problem Busy = new(StatusCodes.Status503ServiceUnavailable, "suppressions_busy", "Other lists of what is stopped are being read.") { RetryAfterSeconds = 10 };

    private static readonly TenantTurns Turns = new(ofOneTenant: 2, ofAll: 4);

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/v1/addresses/{tag}", OneAsync).RequireScope(Scopes.AddressRead).Produces<AddressAnswer>().WithMetadata(AddressTag.Invalid);
        api.MapGet("/v1/subjects/{subject}/addresses", OfSubjectAsync).RequireScope(Scopes.AddressRead).Produces<IReadOnlyList<AddressAnswer>>();
        api.MapGet("/v1/suppressions", ListAsync).RequireScope(Scopes.AddressRead).Produces<SuppressionLine>(contentType: NdJson).WithMetadata(Busy);
    }

    private static async Task<IResult> OneAsync(AddressTag tag, Caller caller, AddressReader addresses, StateReader reader, CancellationToken ct)
    {
        if (await addresses.FindAsync(caller.Tenant, tag, ct) is not { } stream) return TypedResults.Json(AddressAnswer.Of(tag, Address.Unknown, 0), StrictJson.Options).WithEntityTag(0);
        var (address, version) = await reader.ReadAsync(stream, Address.Stream, ct);
        return TypedResults.Json(AddressAnswer.Of(tag, address, version, await addresses.OfAddressAsync(stream, ct)), StrictJson.Options).WithEntityTag(version);
    }

    private static async Task<IResult> OfSubjectAsync(SubjectId subject, Caller caller, AddressReader addresses, StateReader reader, CancellationToken ct)
    {
        var answers = new List<AddressAnswer>();
        foreach (var link in await addresses.OfSubjectAsync(new StreamKey(caller.Tenant, subject.Stream), ct))
        {
            var (address, version) = await reader.ReadAsync(link.Address, Address.Stream, ct);
            // An address may be other persons' too: who they are is not told here.
            if (address is { Tag: { } tag } && address.Links.Contains(link.Link)) answers.Add(AddressAnswer.Of(tag, address, version, link));
        }

        return TypedResults.Json(answers, StrictJson.Options);
    }

    private static async Task<IResult> ListAsync(HttpResponse response, Caller caller, AddressReader addresses, CancellationToken ct)
    {
        using var turn = Turns.TryTake(caller.Tenant);
        if (turn is null) return Busy;
        response.ContentType = NdJson;
        var listed = 0L;
        await foreach (var (tag, row) in addresses.StoppedAsync(caller.Tenant, ct))
        {
            Write(response.BodyWriter, new SuppressionLine(tag, row.Standing, row.Since, row.Position));
            listed++;
            if (response.BodyWriter.UnflushedBytes >= FlushAtBytes) await response.BodyWriter.FlushAsync(ct);
        }

        Write(response.BodyWriter, new SuppressionsEnd(listed));
        await response.BodyWriter.FlushAsync(ct);
        return Results.Empty;
    }

    private static void Write<T>(PipeWriter body, T line)
    {
        using (var json = new Utf8JsonWriter(body)) JsonSerializer.Serialize(json, line, StrictJson.Options);
        body.Write("\n"u8);
    }
}
