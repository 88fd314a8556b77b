using System.Diagnostics.CodeAnalysis;
using ConsentLedger.Consent.Consents;

namespace ConsentLedger.Consent.Decisions;

/// <summary>The states of so many subjects; whom nobody asked about for longest is forgotten first.</summary>
internal sealed class RememberedSubjects(int capacity)
{
    private readonly Dictionary<StreamId, LinkedListNode<(StreamId Subject, Versioned State)>> _nodes = [];
    private readonly LinkedList<(StreamId Subject, Versioned State)> _byUse = [];

    public int Count => _nodes.Count;

    /// <summary>Does not count as use, and changes nothing.</summary>
    public bool TryPeek(StreamId subject, [NotNullWhen(true)] out Versioned? state)
    {
        state = _nodes.TryGetValue(subject, out var node) ? node.ValueRef.State : null;
        return state is not null;
    }

    public bool TryUse(StreamId subject, [NotNullWhen(true)] out Versioned? state)
    {
        state = null;
        if (!_nodes.TryGetValue(subject, out var node)) return false;
        state = node.ValueRef.State;
        if (node == _byUse.First) return true;
        _byUse.Remove(node);
        _byUse.AddFirst(node);
        return true;
    }

    public void Remember(StreamId subject, Versioned state)
    {
        if (_nodes.TryGetValue(subject, out var node))
        {
            node.ValueRef.State = state;
            return;
        }

        if (_nodes.Count >= capacity && _byUse.Last is { } oldest)
        {
            _nodes.Remove(oldest.ValueRef.Subject);
            _byUse.RemoveLast();
        }

        _nodes.Add(subject, _byUse.AddFirst((subject, state)));
    }

    public void Forget(StreamId subject)
    {
        if (_nodes.Remove(subject, out var node)) _byUse.Remove(node);
    }

    public void Clear()
    {
        _nodes.Clear();
        _byUse.Clear();
    }
}

/// <param name="Version">The version of the last event that is in; 0 before the first.</param>
/// <param name="Fault">Why the event after that cannot be read.</param>
internal sealed record Versioned(SubjectConsents Subject, long Version, Exception? Fault = null);
