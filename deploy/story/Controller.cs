namespace ConsentLedger.Story;

/// <summary>One controller: what it declares, whom it has asked, who works for it, and what has happened so far.</summary>
internal sealed class Controller
{
    private readonly Surroundings _surroundings;

    public Controller(Pack pack, Surroundings surroundings, int subjects, string run, TimeProvider clock)
    {
        (Pack, _surroundings) = (pack, surroundings);
        BackendSource = $"https://backend.{pack.Tenant}.example/{run}";
        Expect.That(pack.Mailings.Count > 0, $"{pack.Tenant} declares no marketing mail that rests on consent.");
        People = [.. Enumerable.Range(0, subjects).Select(number => new Person(this, number, Guid.CreateVersion7(clock.GetUtcNow()), run))];
        Tally.Add(Column.Subjects, subjects);
    }

    public Pack Pack { get; }

    public string Tenant => Pack.Tenant;

    /// <summary>The CloudEvents source of its product backend, which answers come back under.</summary>
    public string BackendSource { get; }

    public IReadOnlyList<Person> People { get; }

    public Tally Tally { get; } = new();

    /// <summary>Whose story is told in full.</summary>
    public Person Protagonist => People[0];

    public string Token(string role) => _surroundings.TokenOf(Tenant, role);

    public IEnumerable<Person> Those(Part part) => People.Where(person => person.Part == part);
}
