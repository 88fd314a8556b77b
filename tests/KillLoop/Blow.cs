using System.Globalization;
using System.Text;
using ConsentLedger.EventStore;

namespace ConsentLedger.KillLoop;

/// <summary>The one event of this test: a writer's n-th.</summary>
public sealed record Blow(int Writer, int Number);

/// <summary>What a stream remembers of its blows: how many there were.</summary>
public sealed record Blows(int Count);

/// <summary>What parent and child agree on without asking each other.</summary>
internal static class Plan
{
    public const int Writers = 8;

    /// <summary>A writer goes on to another subject, and so to another key, after as many.</summary>
    private const int BlowsOfSubject = 16;

    public static readonly TenantId Tenant = TenantId.Parse("quintus");

    public static readonly StreamType<Blows> Stream = new(new Blows(0), (blows, _, _) => new Blows(blows.Count + 1));

    public static readonly EventCatalog Catalog = new(("blow.struck.v1", typeof(Blow)));

    public static StreamKey SubjectOf(TenantId tenant, int writer, int number) => new(tenant, new StreamId(Digest.Of($"subject {writer}", Text(number / BlowsOfSubject)).Value));

    /// <summary>The same blow is the same command, whichever process strikes it.</summary>
    public static Command Strike(TenantId tenant, int writer, int number, Seal seal) =>
        new(SubjectOf(tenant, writer, number), Stream, Digest.Of($"writer {writer}", Text(number)), Digest.Of(Encoding.UTF8.GetBytes($"{writer} {number}")), _ =>
            new Decision.Record([new NewEvent(new Blow(writer, number), Encoding.UTF8.GetBytes($"{{\"words\":\"what writer {writer} wept at blow {number}\"}}"))]))
        { Seal = seal };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
