using System.Collections.Immutable;
using ConsentLedger.EventStore;

namespace ConsentLedger.Timers.Tests;

/// <summary>The smallest stream to which time does something: one reader's borrowed books, each of which is asked back when its time is over.</summary>
public sealed record Shelf(ImmutableSortedDictionary<string, DateTimeOffset> Borrowed)
{
    public static readonly StreamType<Shelf> Stream = new(new Shelf(ImmutableSortedDictionary<string, DateTimeOffset>.Empty), (state, e, _) => e switch
    {
        Lent lent => new Shelf(state.Borrowed.SetItem(lent.Book, lent.Until)),
        Returned returned => new Shelf(state.Borrowed.Remove(returned.Book)),
        // The one that nobody can hand over, however often it is asked back.
        AskedBack { Book: Glued } => state,
        AskedBack asked => new Shelf(state.Borrowed.Remove(asked.Book)),
        _ => state,
    });

    public const string Glued = "glued";

    public static readonly TimedStream<Shelf> Timed = new(Stream, state => state.Borrowed.Select(b => new Due(b.Value, new AskedBack(b.Key, b.Value))));

    public static readonly EventCatalog Catalog = new(
        ("shelf.lent.v1", typeof(Lent)), ("shelf.returned.v1", typeof(Returned)), ("shelf.asked-back.v1", typeof(AskedBack)));

    /// <summary>Also knows an event that no other catalog can read.</summary>
    public static readonly EventCatalog Newer = new([.. Catalog.Events.Select(e => (e.Key, e.Value)), ("shelf.torn.v1", typeof(Torn))]);

    public static Shelf Of(params IEnumerable<object> events) => events.Aggregate(Stream.Before, (state, e) => Stream.After(state, e, new EventPlace(0, 1, default)));

    public static Command Record(StreamKey reader, params IEnumerable<object> events) => new(reader, Stream, null, default, _ => Decision.Of(events));
}

public sealed record Lent(string Book, DateTimeOffset Until);

public sealed record Returned(string Book);

public sealed record AskedBack(string Book, DateTimeOffset Until);

public sealed record Torn(string Page);
