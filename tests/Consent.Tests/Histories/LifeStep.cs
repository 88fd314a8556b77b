using ConsentLedger.Consent.Consents;
using FsCheck;
using FsCheck.Fluent;

namespace ConsentLedger.Consent.Tests.Histories;

internal enum Deed
{
    Ask,
    Grant,
    GrantForAWhile,
    GrantToBeConfirmed,
    Confirm,
    Refuse,
    Withdraw,

    /// <summary>As word of an unsubscription says it: at no place, and heard again over the bus.</summary>
    Unsubscribe,
    Void,
    DateEarlier,
    Object,
    ObjectToPurpose,
    Retract,
    Restrict,
    RestrictPurpose,
    Lift,
    Signal,
    Merge,
    Unmerge,
    StateBirthMonth,

    /// <summary>Nobody does anything but the clock.</summary>
    LetTimeWork,

    /// <summary>Of what was done before, word comes again: what claims the same moment, as a message of its own.</summary>
    HearAgain,
    Publish,

    /// <summary>First the fence, then the end.</summary>
    Erase,
}

/// <param name="Who">Under which of the ids that may or may not be one person.</param>
/// <param name="Jurisdiction">Where: under one law, under another, nowhere said, or where no law is declared.</param>
/// <param name="ClaimedMinutes">When it was done, from the moment it is heard: by a clock that may run ahead.</param>
/// <param name="PassingMinutes">How long it is after the step before.</param>
/// <param name="Which">Of the events there are, the one that is corrected, retracted or lifted; of the acts, the one that is heard again.</param>
/// <param name="Recipient">Null for the controller, and in a withdrawal for all.</param>
/// <param name="Stance">What is published.</param>
internal sealed record LifeStep(
    Deed Deed, int Who, string? Channel, string? Jurisdiction, Actor Actor, int ClaimedMinutes, int PassingMinutes, int Which, string? Recipient = null, Stance? Stance = null)
{
    /// <summary>Under one policy, about the controller alone.</summary>
    public static Arbitrary<LifeStep[]> Any { get; } = Lives(AnyStep(ShortLife));

    /// <summary>Acts of one id that say yes or no once and for all, so that no order of them is better than another.</summary>
    public static Arbitrary<LifeStep[]> AnyWords { get; } = Lives(AnyStep(Gen.Elements(Deed.Grant, Deed.Refuse, Deed.Withdraw)).Select(s => s with { Who = 0 }));

    /// <summary>Under policies that change, with recipients, signals, and word that comes twice.</summary>
    public static Arbitrary<LifeStep[]> AnyLong { get; } = Lives(
        from step in AnyStep(LongLife)
        from minutes in Gen.Frequency((10, Gen.Constant(step.ClaimedMinutes)), (2, Gen.Choose(-10, 4)), (IsNo(step.Deed) ? 1 : 0, Gen.Choose(5, 6000)))
        from passing in Gen.Frequency((4, Gen.Constant(step.PassingMinutes)), (1, Gen.Choose(1, 6)))
        from recipient in Gen.Frequency((4, Gen.Constant<string?>(null)), (1, Gen.Constant<string?>(Acts.Partners)))
        from stance in Stance.Any
        select step with { ClaimedMinutes = minutes, PassingMinutes = passing, Recipient = recipient, Stance = step.Deed == Deed.Publish ? stance : null });

    private static Gen<Deed> ShortLife => Gen.Frequency(
        (10, Gen.Constant(Deed.Grant)), (3, Gen.Constant(Deed.GrantForAWhile)), (3, Gen.Constant(Deed.GrantToBeConfirmed)), (4, Gen.Constant(Deed.Confirm)), (2, Gen.Constant(Deed.Refuse)),
        (7, Gen.Constant(Deed.Withdraw)), (2, Gen.Constant(Deed.Void)), (5, Gen.Constant(Deed.DateEarlier)), (2, Gen.Constant(Deed.Object)), (1, Gen.Constant(Deed.Retract)),
        (1, Gen.Constant(Deed.Restrict)), (1, Gen.Constant(Deed.Lift)), (3, Gen.Constant(Deed.Merge)), (1, Gen.Constant(Deed.Unmerge)), (1, Gen.Constant(Deed.StateBirthMonth)),
        (2, Gen.Constant(Deed.LetTimeWork)));

    private static Gen<Deed> LongLife => Gen.Frequency(
        (60, ShortLife), (3, Gen.Constant(Deed.Ask)), (5, Gen.Constant(Deed.Unsubscribe)), (10, Gen.Constant(Deed.HearAgain)), (12, Gen.Constant(Deed.Publish)), (5, Gen.Constant(Deed.Signal)),
        (4, Gen.Elements(Deed.ObjectToPurpose, Deed.RestrictPurpose)), (3, Gen.Elements(Deed.Refuse, Deed.Object)), (1, Gen.Frequency((2, Gen.Constant(Deed.Grant)), (1, Gen.Constant(Deed.Erase)))));

    // Heard whatever it claims, also from a clock that runs ahead for days.
    private static bool IsNo(Deed deed) => deed is Deed.Refuse or Deed.Withdraw or Deed.Unsubscribe or Deed.Object or Deed.ObjectToPurpose or Deed.Restrict or Deed.RestrictPurpose or Deed.Signal;

    private static Arbitrary<LifeStep[]> Lives(Gen<LifeStep> step) => Arb.From(step.ArrayOf(), steps => History.WithoutSome(steps));

    private static Gen<LifeStep> AnyStep(Gen<Deed> deeds) =>
        from deed in deeds
        // Crowded on purpose: what nobody else speaks of nobody can contradict.
        from who in Gen.Frequency((6, Gen.Constant(0)), (2, Gen.Constant(1)), (1, Gen.Constant(2)))
        from channel in Gen.Frequency((6, Gen.Constant<string?>("email")), (1, Gen.Constant<string?>("sms")), (deed is Deed.Withdraw or Deed.Unsubscribe ? 2 : 0, Gen.Constant<string?>(null)))
        from place in Gen.Frequency((5, Gen.Constant<string?>("FR")), (3, Gen.Elements<string?>([.. Life.Places])))
        from actor in Gen.Elements(Actor.Subject, Actor.Subject, Actor.Subject, Actor.Guardian, Actor.Agent, Actor.System)
        from claimed in Gen.Frequency((3, Gen.Constant(0)), (3, Gen.Choose(-100, -1)))
        from passing in Gen.Frequency((6, Gen.Choose(1, 30)), (1, Gen.Choose(200, 1500)))
        from which in Gen.Choose(0, 1000)
        select new LifeStep(deed, who, channel, place, actor, claimed * 60, passing * 60, which);
}
