using BenchmarkDotNet.Attributes;
using Etcdish.Store;

namespace Etcdish.Benchmarks;

/// <summary>One put on its way to all watchers of its key: published, dispatched, and taken from every stream (at most 100 of them).</summary>
[MemoryDiagnoser]
public class WatchBenchmarks : IRevisionHistory, IValueSource
{
    private const int MostStreams = 100;

    private readonly byte[] _key = "watched"u8.ToArray();
    private readonly WatchBatch _batch = new();
    private readonly List<WatchStream> _streams = [];
    private readonly KeyRevision[] _change = new KeyRevision[1];
    private WatchHub _hub = null!;

    [Params(1, 100, 10_000)]
    public int Watchers { get; set; }

    public long CurrentRevision { get; private set; } = 1;

    public long CompactedRevision => -1;

    [GlobalSetup]
    public void Watch()
    {
        _hub = new WatchHub(this, this, new WatchOptions());
        for (var i = 0; i < Watchers; i++)
        {
            if (i < MostStreams)
            {
                _streams.Add(_hub.OpenStream(static () => { }));
            }

            _streams[i % MostStreams].Create(new WatchCreateRequest { Key = _key });
        }

        TakeAll();
    }

    [Benchmark]
    public int PublishDispatchTake()
    {
        CurrentRevision++;
        _change[0] = new KeyRevision
        {
            Key = _key,
            ModRevision = CurrentRevision,
            SubRevision = 0,
            CreateRevision = 2,
            Version = CurrentRevision - 1,
            Value = new ValueReference(1, 64, 256, 0),
        };
        _hub.Publish(_change);
        _hub.Dispatch();
        return TakeAll();
    }

    public long ReadChanges(long fromRevision, int maxRevisions, List<KeyRevision> changes) =>
        throw new InvalidOperationException("all watchers are at the head: none reads history");

    public void Read(in ValueReference reference, Span<byte> destination) => destination.Clear();

    public ReadScope EnterRead() => default;

    public void ExitRead(int token)
    {
    }

    private int TakeAll()
    {
        var taken = 0;
        foreach (var stream in _streams)
        {
            while (stream.TryTake(_batch))
            {
                taken++;
            }
        }

        return taken;
    }
}
