using ConsentLedger.Consent.Consents;
using FsCheck;
using FsCheck.Fluent;

namespace ConsentLedger.Consent.Tests.Histories;

/// <summary>What may happen next to one person's consents.</summary>
internal enum Doing
{
    Grant,
    Withdraw,

    /// <summary>The same message once more, under the same id.</summary>
    Repeat,

    /// <summary>The same words once more, as a message of their own.</summary>
    SendAgain,
    Publish,
    Erase,
}

/// <param name="ClaimedMinutes">When the act was done, as its sender says, from our clock: late ones, and clocks that run ahead.</param>
/// <param name="PassingMinutes">How far our own clock moves first. Sometimes back.</param>
/// <param name="Earlier">Which of the earlier messages is repeated.</param>
internal sealed record Step(
    Doing Doing, string Purpose, string? Channel, string? Recipient, Actor Actor, string Locale, int ClaimedMinutes, int PassingMinutes, int Earlier);

internal sealed record History(IReadOnlyList<Step> Steps)
{
    /// <summary>Random histories; a failing one loses steps until none can be spared.</summary>
    public static Arbitrary<History> Any { get; } = Arb.From(
        AnyStep().ArrayOf().Select(steps => new History(steps)),
        history => WithoutSome(history.Steps).Select(steps => new History(steps)));

    public override string ToString() => string.Join(Environment.NewLine, Steps.Prepend<object>(""));

    private static Gen<Step> AnyStep() =>
        from doing in Gen.Frequency(
            (8, Gen.Constant(Doing.Grant)), (6, Gen.Constant(Doing.Withdraw)), (1, Gen.Constant(Doing.Repeat)), (2, Gen.Constant(Doing.SendAgain)),
            (1, Gen.Constant(Doing.Publish)), (1, Gen.Frequency((5, Gen.Constant(Doing.Grant)), (1, Gen.Constant(Doing.Erase)))))
        from purpose in Gen.Frequency((3, Gen.Constant(Acts.Offers)), (1, Gen.Constant(ReferenceModel.Sharing)))
        from channel in purpose == ReferenceModel.Sharing
            ? Gen.Constant<string?>(null)
            : Gen.Elements<string?>(doing == Doing.Withdraw ? ["email", "sms", null] : ["email", "sms"])
        from recipient in Gen.Frequency((3, Gen.Constant<string?>(null)), (1, Gen.Constant<string?>(purpose == Acts.Offers ? Acts.Partners : "third-parties")))
        from actor in Gen.Elements(Actor.Subject, Actor.Subject, Actor.Guardian, Actor.Agent, Actor.System)
        from locale in Gen.Frequency((4, Gen.Constant("en")), (1, Gen.Constant("fr")))
        from claimed in Gen.Frequency((3, Gen.Constant(0)), (4, Gen.Choose(-120, -1)), (2, Gen.Choose(1, 8)))
        from passing in Gen.Frequency((2, Gen.Constant(0)), (6, Gen.Choose(1, 60)), (1, Gen.Choose(-30, -1)))
        from earlier in Gen.Choose(0, 1000)
        select new Step(doing, purpose, channel, recipient, actor, locale, claimed, passing, earlier);

    internal static IEnumerable<T[]> WithoutSome<T>(IReadOnlyList<T> steps)
    {
        for (var length = steps.Count / 2; length > 0; length /= 2)
            for (var from = 0; from + length <= steps.Count; from += length)
                yield return [.. steps.Take(from), .. steps.Skip(from + length)];
    }
}
