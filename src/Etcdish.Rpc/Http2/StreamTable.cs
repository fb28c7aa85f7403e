using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// The streams of a connection. The table itself belongs to the read loop, so looking a stream up takes no lock. Streams finish on any
/// thread, under the output's gate: they are put on a list, from which the read loop takes them off the table.
/// </summary>
internal sealed class StreamTable(Http2Connection connection)
{
    private const int MaxPooled = 128;

    private readonly Dictionary<int, Http2Stream> _streams = [];
    private readonly Stack<Http2Stream> _pool = new();
    private Http2Stream? _finished;

    /// <summary>Streams that neither side has ended on the wire. Under the gate.</summary>
    public int OnWire { get; private set; }

    /// <summary>Those, and streams that were reset while their call still runs. Under the gate.</summary>
    public int Live { get; private set; }

    public IEnumerable<Http2Stream> All => _streams.Values;

    public bool TryGet(int id, [NotNullWhen(true)] out Http2Stream? stream) => _streams.TryGetValue(id, out stream);

    /// <summary>A stream to decode a request's headers into.</summary>
    public Http2Stream Rent() => _pool.TryPop(out Http2Stream? pooled) ? pooled : new Http2Stream(connection);

    /// <summary>Takes back a stream that was not opened.</summary>
    public void Return(Http2Stream stream)
    {
        stream.Fields.Clear();
        _pool.Push(stream);
    }

    /// <summary>Enters a stream. Under the gate.</summary>
    public void Add(int id, Http2Stream stream)
    {
        _streams.Add(id, stream);
        OnWire++;
        Live++;
    }

    public void OnOffWire() => OnWire--;

    public void OnFinished(Http2Stream stream)
    {
        Live--;
        stream.NextFinished = _finished;
        _finished = stream;
    }

    /// <summary>Takes finished streams off the table, for use again. Called by the read loop, under the gate.</summary>
    public void CollectFinished()
    {
        while (_finished is { } stream)
        {
            _finished = stream.NextFinished;
            stream.NextFinished = null;
            _streams.Remove(stream.Id);
            if (_pool.Count < MaxPooled && stream.TryReset())
            {
                _pool.Push(stream);
            }
        }
    }

    /// <summary>Frees what an idle connection does not need. Called by the read loop.</summary>
    public void Trim()
    {
        if (_streams.Count == 0)
        {
            _pool.Clear();
        }
    }
}
