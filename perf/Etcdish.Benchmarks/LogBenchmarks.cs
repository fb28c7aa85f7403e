using BenchmarkDotNet.Attributes;
using Etcdish.Log;

namespace Etcdish.Benchmarks;

/// <summary>Batches of records of 256 bytes made durable: encoded, written, synced, on the disk of the temporary folder.</summary>
[MemoryDiagnoser]
public class LogBenchmarks
{
    private readonly byte[] _payload = new byte[256];
    private string _folder = "";
    private SegmentedLog _log = null!;
    private ulong _index;

    [Params(1, 10, 100)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _folder = Directory.CreateTempSubdirectory("etcdish-bench-").FullName;
        _log = SegmentedLog.Open(_folder, new LogOptions { ClusterId = 1, MemberId = 1 });
        _log.Recover(LogPosition.Beginning);
    }

    [GlobalCleanup]
    public void Close()
    {
        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark]
    public void AppendAndCommit()
    {
        for (var i = 0; i < Batch; i++)
        {
            _log.Append(kind: 1, ++_index, term: 1, _payload);
        }

        _log.Commit();
        DropOldSegments();
    }

    // So that a long run does not fill the disk.
    private void DropOldSegments()
    {
        if (_index % 500_000 < (ulong)Batch)
        {
            foreach (var segment in _log.Segments)
            {
                if (segment.Sealed)
                {
                    _log.DeleteSegment(segment.Number);
                }
            }
        }
    }
}
