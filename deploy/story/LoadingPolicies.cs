using System.Net.Http.Headers;

namespace ConsentLedger.Story;

/// <summary>Every controller publishes its policy, and the services that decide by it hear of it.</summary>
internal static class LoadingPolicies
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(Stage stage, CancellationToken ct)
    {
        await stage.Consent.ExpectReadyAsync(ct);
        stage.Progress.Begin("Controllers publish their policies", stage.Controllers.Count);
        var recorded = 0;
        await Stage.EachAsync(stage.Controllers, async (controller, stop) =>
        {
            var answer = await stage.Consent.SendAsync(() => Publication(controller.Pack), controller.Token("operator"), stop);
            if (answer.ExpectOk($"publishing the policy of {controller.Tenant}").As<CommandAnswer>().Outcome == "recorded") Interlocked.Increment(ref recorded);
            await ExpectFollowedAsync(stage, controller, stop);
            stage.Progress.Advance();
        }, ct);
        stage.Progress.Done($"{recorded} new, {stage.Controllers.Count - recorded} published before");
    }

    // Without its policy a controller's mail is refused, so the story waits until it has gone round.
    private static Task ExpectFollowedAsync(Stage stage, Controller controller, CancellationToken ct) => stage.UntilAsync(
        async () =>
        {
            var answer = await stage.Preference.GetAsync(controller.Protagonist.Path("preferences"), controller.Token("email"), ct);
            return answer.ExpectOk("reading preferences").As<Preferences>().PolicyVersion is not null;
        },
        Patience, $"marketing-preference did not hear of the policy of {controller.Tenant} within {Patience.TotalSeconds:0} s.", ct);

    private static HttpRequestMessage Publication(Pack pack) => new(HttpMethod.Put, $"/v1/policies/{pack.Version}")
    {
        Content = new ByteArrayContent(pack.Bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
    };

    private sealed record Preferences(string? PolicyVersion);
}
