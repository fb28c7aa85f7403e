namespace Etcdish.Rpc.Http2;

/// <summary>
/// The streams that the server ended on its own. A client may have sent more for them before it knew, which is no error; more for a
/// stream that the client itself ended is one. Remembers the last thousand; of older ones it gives the client the benefit of the doubt.
/// Nothing is allocated until a stream is reset. Guarded by the output's gate.
/// </summary>
internal sealed class ResetHistory
{
    private const int Capacity = 1024;

    private readonly HashSet<int> _ids = [];
    private readonly Queue<int> _order = new();
    private int _highestForgotten;

    public void Add(int streamId)
    {
        if (!_ids.Add(streamId))
        {
            return;
        }

        _order.Enqueue(streamId);
        if (_order.Count > Capacity)
        {
            int forgotten = _order.Dequeue();
            _ids.Remove(forgotten);
            _highestForgotten = Math.Max(_highestForgotten, forgotten);
        }
    }

    public bool MayContain(int streamId) => streamId <= _highestForgotten || _ids.Contains(streamId);
}
