using System.Security.Cryptography;
using ConsentLedger.Ledger;

namespace ConsentLedger.EventStore.ContractTests;

/// <summary>The smallest stream worth testing: it remembers what was noted.</summary>
public sealed record Notebook(long Count, string Last)
{
    public static readonly Guid Key = Guid.Parse("018f0000-0000-7000-8000-00000000000a");

    public static readonly EventCatalog Catalog = new(("notebook.noted.v1", typeof(Noted)));

    public static readonly StreamType<Notebook> Stream = new(new Notebook(0, ""), (state, e, _) => e switch
    {
        Noted noted => new Notebook(state.Count + 1, noted.Text),
        _ => state,
    });

    public static Command Note(StreamKey stream, string text, string? id = null, byte[]? personal = null, long? expectedVersion = null) => new(
        stream, Stream, Digest.Of("test", id ?? $"{stream.Id} {text}"), Digest.Of(System.Text.Encoding.UTF8.GetBytes(text)),
        _ => new Decision.Record([new NewEvent(new Noted(text), personal)]))
    {
        ExpectedVersion = expectedVersion,
        Seal = (_, version, plain) => new Sealed(Key, [(byte)version, .. plain], Hash.Of(SHA256.HashData(plain))),
    };

    /// <summary>Known by its number instead of an id.</summary>
    public static Command Numbered(StreamKey stream, long number) => new(stream, Stream, null, default, context => (number - context.State<Notebook>().Count) switch
    {
        <= 0 => Decision.Unchanged,
        1 => Decision.Of(new Noted($"{number}")),
        _ => Decision.No("number_missing", "A number before it is missing."),
    });
}

public sealed record Noted(string Text);
