namespace Etcdish.Store;

/// <summary>
/// What waits for one stream, in order: answers, and events as references to their shared bytes. The events of one watcher and revision
/// stand side by side. Guarded by the stream's lock.
/// </summary>
internal sealed class WatchQueue
{
    // What a slot and its share of the answer's frame cost beside the event's bytes.
    private const int SlotBytes = 64;

    // Revisions of one watcher that queue up side by side share a response up to this size.
    private const int CoalesceBytes = 64 * 1024;

    // A queue that was long once does not stay large.
    private const int KeptSlots = 1024;

    private readonly Queue<Slot> _slots = [];

    /// <summary>Bytes of all that waits.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => _slots.Count == 0;

    public void Add(WatchAnswer answer)
    {
        _slots.Enqueue(new Slot(answer, null, answer.Revision, false));
        Bytes += SlotBytes;
    }

    /// <summary>
    /// Queues what the watcher has gathered of one revision, unless that exceeds the limit; an empty queue takes anything.
    /// </summary>
    public bool TryAdd(Watcher watcher, long revision, long limitBytes)
    {
        int count = watcher.GatheredCount;
        long size = 0;
        for (int i = 0; i < count; i++)
            size += SlotBytes + watcher.GatheredAt(i).MessageSize(watcher.PrevKv);
        if (!IsEmpty && Bytes + size > limitBytes)
            return false;

        for (int i = 0; i < count; i++)
            _slots.Enqueue(new Slot(watcher.GatheredAt(i), watcher, revision, i == count - 1));
        Bytes += size;
        return true;
    }

    /// <summary>Takes the first answer, or the first events of one watcher: whole revisions, several if they fit.</summary>
    /// <returns>The watcher of the events, or null when an answer was taken.</returns>
    public Watcher? Take(WatchBatch batch, out WatchAnswer? answer)
    {
        Slot slot = Dequeue();
        answer = slot.Content as WatchAnswer;
        if (answer is not null)
            return null;

        long start = Bytes;
        Watcher watcher = slot.Watcher!;
        batch.EventList.Add((EncodedEvent)slot.Content);
        while (!slot.EndsRevision || (start - Bytes < CoalesceBytes && _slots.TryPeek(out Slot next) && next.Watcher == watcher))
        {
            slot = Dequeue();
            batch.EventList.Add((EncodedEvent)slot.Content);
        }

        batch.Revision = slot.Revision;
        if (_slots.Count == 0 && _slots.Capacity > KeptSlots)
            _slots.TrimExcess();
        return watcher;
    }

    /// <summary>Drops everything.</summary>
    /// <returns>How many events that were.</returns>
    public int Clear()
    {
        int events = 0;
        foreach (Slot slot in _slots)
            events += slot.Watcher is null ? 0 : 1;
        _slots.Clear();
        Bytes = 0;
        return events;
    }

    private Slot Dequeue()
    {
        Slot slot = _slots.Dequeue();
        Bytes -= SlotBytes;
        if (slot.Watcher is not null)
            Bytes -= ((EncodedEvent)slot.Content).MessageSize(slot.Watcher.PrevKv);
        return slot;
    }

    /// <param name="Content">A <see cref="WatchAnswer"/> or an <see cref="EncodedEvent"/>.</param>
    /// <param name="Watcher">The event's watcher; null for an answer.</param>
    /// <param name="Revision">The event's revision.</param>
    /// <param name="EndsRevision">Whether this is the watcher's last event of the revision.</param>
    private readonly record struct Slot(object Content, Watcher? Watcher, long Revision, bool EndsRevision);
}
