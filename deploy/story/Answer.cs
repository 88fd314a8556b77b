using System.Net;
using System.Text.Json;

namespace ConsentLedger.Story;

/// <summary>What a service answered.</summary>
internal sealed record Answer(string Service, HttpStatusCode Status, string Body, Uri? Location)
{
    public bool Ok => (int)Status is >= 200 and < 300;

    public T As<T>() => Read<T>(Body);

    public IReadOnlyList<T> LinesAs<T>() =>
        [.. Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Read<T>)];

    /// <param name="doing">What was asked for, to end the sentence "consent refused …".</param>
    public Answer ExpectOk(string doing)
    {
        // The problem's own words name no person; a body without them is not shown.
        Expect.That(Ok, $"{Service} did not do it ({doing}): {(int)Status} {Problem?.Code} {Problem?.Sentence}".TrimEnd());
        return this;
    }

    public Problem? Problem => Body.StartsWith('{') && !Ok ? As<Problem>() : null;

    private T Read<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, ServiceClient.Json) ?? throw new StoryBrokenException($"{Service} answered with nothing.");
        }
        catch (JsonException e)
        {
            throw new StoryBrokenException($"{Service} answered with something else than its contract says ({e.Path}).", e);
        }
    }
}

/// <summary>An RFC 9457 problem.</summary>
internal sealed record Problem(string? Code, string? Title, string? Detail, string? Member)
{
    public string Sentence => $"{Detail ?? Title}{(Member is null ? "" : $" ({Member})")}";
}

/// <summary>What a command answers.</summary>
internal sealed record CommandAnswer(string Outcome, long? Position, long? Version);

/// <summary>What a decision of the consent service answers.</summary>
internal sealed record DecisionAnswer(bool Allowed, string Code);
