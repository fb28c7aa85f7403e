using BenchmarkDotNet.Attributes;
using Etcdish.Benchmarks.Support;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Benchmarks;

/// <summary>The index to and from a checkpoint file on the disk of the temporary folder, file system cache warm.</summary>
[MemoryDiagnoser]
public class CheckpointBenchmarks
{
    private readonly LogOptions _options = new() { ClusterId = 1, MemberId = 1 };
    private string _folder = "";
    private CheckpointStore _checkpoints = null!;
    private BenchmarkStore _store = null!;

    [Params(100_000, 1_000_000)]
    public int Keys { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        _folder = Directory.CreateTempSubdirectory("etcdish-bench-").FullName;
        _checkpoints = new CheckpointStore(_folder, _options);
        _store = new BenchmarkStore(Keys);
        Write();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark]
    public void Write()
    {
        using var checkpoint = _store.Store.CaptureCheckpoint();
        _checkpoints.Write(checkpoint.AppliedIndex, LogPosition.Beginning, checkpoint.WriteTo);
    }

    [Benchmark]
    public int Recover()
    {
        using var checkpoint = _checkpoints.OpenNewest().Newest ?? throw new InvalidOperationException("the checkpoint was not written");
        using var store = new RevisionStore(_store, new StoreOptions());
        var loader = store.BeginLoad();
        while (checkpoint.TryReadBlock(out var block))
        {
            loader.Add(block);
        }

        loader.Complete();
        return store.KeyCount;
    }
}
