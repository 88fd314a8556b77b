using System.Runtime.CompilerServices;

namespace ConsentLedger.Auditor.Verifying;

/// <summary>
/// A hash table that says how much memory it takes and that nobody who chooses the ids can slow down. Half the size of a Dictionary, and it only grows.
/// </summary>
internal sealed class StreamTable<TState>
    where TState : struct
{
    private const int InitialCapacity = 16;

    private Guid[] _ids = new Guid[InitialCapacity];
    private TState[] _states = new TState[InitialCapacity];
    private bool[] _used = new bool[InitialCapacity];

    public int Count { get; private set; }

    /// <summary>In bytes.</summary>
    public long Memory => (long)_ids.Length * (Unsafe.SizeOf<Guid>() + Unsafe.SizeOf<TState>() + sizeof(bool));

    /// <summary>To be used before the next call.</summary>
    public ref TState GetOrAdd(Guid id, IdHash hash, out bool added)
    {
        if (Count * 4L >= _ids.Length * 3L) Grow(hash);
        var at = Find(id, hash);
        added = !_used[at];
        if (added)
        {
            (_ids[at], _used[at]) = (id, true);
            Count++;
        }

        return ref _states[at];
    }

    public IEnumerable<(Guid Id, TState State)> All()
    {
        for (var i = 0; i < _ids.Length; i++)
            if (_used[i]) yield return (_ids[i], _states[i]);
    }

    private int Find(Guid id, IdHash hash)
    {
        var at = (int)((hash.SlotOf(id) * (ulong)_ids.Length) >> 32);
        while (_used[at] && _ids[at] != id) at = at + 1 == _ids.Length ? 0 : at + 1;
        return at;
    }

    private void Grow(IdHash hash)
    {
        var (ids, states, used) = (_ids, _states, _used);
        var capacity = ids.Length + (ids.Length / 2);
        (_ids, _states, _used) = (new Guid[capacity], new TState[capacity], new bool[capacity]);
        for (var i = 0; i < ids.Length; i++)
        {
            if (!used[i]) continue;
            var at = Find(ids[i], hash);
            (_ids[at], _states[at], _used[at]) = (ids[i], states[i], true);
        }
    }
}
