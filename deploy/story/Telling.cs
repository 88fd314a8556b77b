using System.Globalization;

namespace ConsentLedger.Story;

/// <summary>The story, chapter by chapter.</summary>
internal static class Telling
{
    public static async Task RunAsync(StoryOptions options, Surroundings surroundings, TimeProvider clock, CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        var run = clock.GetUtcNow().ToUnixTimeMilliseconds().ToString("x", CultureInfo.InvariantCulture);
        var packs = Pack.ReadAll();
        var each = (options.Subjects + packs.Count - 1) / packs.Count;
        using var consent = new ServiceClient("consent", surroundings.Consent, clock);
        using var preference = new ServiceClient("marketing-preference", surroundings.Preference, clock);
        using var erasure = new ServiceClient("erasure-orchestrator", surroundings.Erasure, clock);
        var stage = new Stage([.. packs.Select(pack => new Controller(pack, surroundings, each, run, clock))], consent, preference, erasure, new Progress(clock), clock);

        stage.Progress.Title(options.PoliciesOnly ? "The policies" : "The story");
        await LoadingPolicies.RunAsync(stage, ct);
        if (options.PoliciesOnly) return;

        await preference.ExpectReadyAsync(ct);
        await erasure.ExpectReadyAsync(ct);
        await using var broker = await Broker.ConnectAsync(surroundings.Broker, ct);
        await using var bystander = await Bystander.ListenAsync(broker, ct);
        await using var email = await EmailSystem.StartAsync(broker, stage.People, run, clock, ct);

        await Publishing.RunAsync(stage, broker, ct);
        await Sending.RunAsync(stage, ct);
        await Unsubscribing.RunAsync(stage, email, ct);
        await Withdrawing.RunAsync(stage, email, ct);
        await Importing.RunAsync(stage, ct);
        await Auditing.RunAsync(stage, ct);
        await Erasing.RunAsync(stage, ct);

        email.ExpectOrder();
        bystander.ExpectNobodyNamed();
        var elapsed = clock.GetElapsedTime(started);
        Summary.Show(stage.Controllers, bystander.Events, elapsed, stage.Progress);
        Summary.ShowWhatNext(stage, stage.Controllers.FirstOrDefault(controller => controller.Tenant == surroundings.ShellTenant) ?? stage.Controllers[0]);
    }
}
