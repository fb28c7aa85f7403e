using BenchmarkDotNet.Attributes;
using Etcdish.Log;

namespace Etcdish.Benchmarks;

/// <summary>Encoding a record of 256 bytes into the batch; the one commit of an iteration is outside of the time taken.</summary>
[MemoryDiagnoser]
public class LogAppendBenchmarks
{
    private const int Records = 20_000;

    private readonly byte[] _payload = new byte[256];
    private string _folder = "";
    private SegmentedLog _log = null!;
    private ulong _index;

    [IterationSetup]
    public void Open()
    {
        _folder = Directory.CreateTempSubdirectory("etcdish-bench-").FullName;
        _log = SegmentedLog.Open(_folder, new LogOptions { ClusterId = 1, MemberId = 1 });
        _log.Recover(LogPosition.Beginning);
    }

    [IterationCleanup]
    public void Close()
    {
        _log.Commit();
        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Records)]
    public void Append()
    {
        for (var i = 0; i < Records; i++)
        {
            _log.Append(kind: 1, ++_index, term: 1, _payload);
        }
    }
}
