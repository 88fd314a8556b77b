namespace ConsentLedger.Story;

/// <summary>What becomes of a person in the story.</summary>
internal enum Part
{
    Stays,
    Unsubscribes,
    Withdraws,
    IsErased,

    /// <summary>Stands on the mailing list, but was never asked.</summary>
    NeverAsked,
}

internal sealed class Person(Controller controller, int number, Guid id, string run)
{
    public Controller Controller => controller;

    public int Number => number;

    /// <summary>The subject id, which is all that leaves the controller.</summary>
    public string Id { get; } = id.ToString();

    public Part Part => number switch
    {
        6 => Part.IsErased,
        _ => (number % 20) switch
        {
            0 or 1 or 2 => Part.Unsubscribes,
            3 or 4 => Part.Withdraws,
            19 => Part.NeverAsked,
            _ => Part.Stays,
        },
    };

    /// <summary>The mail this person gets.</summary>
    public Mailing Mailing { get; } = controller.Pack.Mailings[number % controller.Pack.Mailings.Count];

    /// <summary>Everything this person says yes to.</summary>
    public IEnumerable<Ask> Asks
    {
        get
        {
            if (Part == Part.NeverAsked) yield break;
            yield return Mailing.Ask;
            if (number % 3 == 0 && controller.Pack.OtherAsks is { Count: > 0 } others) yield return others[number / 3 % others.Count];
        }
    }

    // Nobody's: example.org is reserved (RFC 2606), and so is 192.0.2.0/24 (RFC 5737).
    public object Evidence => new { Email = $"{run}.{number}@{controller.Tenant}.example.org", Ip = $"192.0.2.{number % 256}", UserAgent = "Story/1.0" };

    public string DeliveryId { get; } = $"{run}-d{number}";

    public string RecipientRef { get; } = $"{run}-r{number}";

    /// <summary>The List-Unsubscribe URL of the last mail this person got.</summary>
    public Uri? UnsubscribeUrl { get; set; }

    public string Path(string what) => $"/v1/subjects/{Id}/{what}";
}
