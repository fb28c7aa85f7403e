using System.Numerics;

namespace Etcdish.Load.Http2;

/// <summary>
/// Finds a slot by stream id without hashing: an id's place follows from its lower bits. Where an old stream still sits in the place of
/// a new id, that id is left out, as HTTP/2 allows.
/// </summary>
internal sealed class StreamTable
{
    private const int SparsityFactor = 8;

    private readonly Slot[] _slots;
    private readonly int[] _slotOfPlace;
    private readonly int _mask;
    private int _nextId = 1;

    public StreamTable(int slots)
    {
        _slots = new Slot[slots];
        _mask = (int)BitOperations.RoundUpToPowerOf2((uint)(slots * SparsityFactor)) - 1;
        _slotOfPlace = new int[_mask + 1];
        Array.Fill(_slotOfPlace, -1);
    }

    public ref Slot this[int slot] => ref _slots[slot];

    public int Open(int slot, int sendWindow)
    {
        while (_slotOfPlace[(_nextId >> 1) & _mask] >= 0)
        {
            _nextId = checked(_nextId + 2);
        }

        int id = _nextId;
        _nextId = checked(_nextId + 2);
        _slotOfPlace[(id >> 1) & _mask] = slot;
        ref Slot stream = ref _slots[slot];
        stream.Id = id;
        stream.SendWindow = sendWindow;
        stream.Received = 0;
        stream.Backlog = null;
        stream.Assembly.Reset();
        return id;
    }

    public bool TryFind(int id, out int slot)
    {
        slot = _slotOfPlace[(id >> 1) & _mask];
        return slot >= 0 && _slots[slot].Id == id;
    }

    public void Close(int slot)
    {
        _slotOfPlace[(_slots[slot].Id >> 1) & _mask] = -1;
        _slots[slot].Id = 0;
        _slots[slot].Backlog = null;
    }

    /// <summary>A change of the initial window moves the windows of open streams, too.</summary>
    public void ShiftWindows(int difference)
    {
        foreach (ref Slot stream in _slots.AsSpan())
        {
            stream.SendWindow += difference;
        }
    }

    internal struct Slot
    {
        public int Id;
        public int SendWindow;
        public int Received;
        public StreamBacklog? Backlog;
        public MessageAssembly Assembly;
    }
}
