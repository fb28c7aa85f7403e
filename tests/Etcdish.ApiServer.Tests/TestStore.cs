using System.Buffers;
using Etcdish.ApiServer.Storage;
using Etcdish.Client;
using Etcdish.Cluster;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests;

/// <summary>A store of either kind with a folder of its own.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly IDisposable _home;

    private TestStore(IObjectStore store, IDisposable home, Func<long, Task> compact)
    {
        Store = store;
        _home = home;
        CompactAsync = compact;
    }

    public IObjectStore Store { get; }

    /// <summary>Drops the history before a revision.</summary>
    public Func<long, Task> CompactAsync { get; }

    public static async Task<TestStore> OpenAsync(StoreKind kind)
    {
        if (kind == StoreKind.GenuineEtcd)
        {
            var etcd = new GenuineEtcd();
            etcd.Start();
            var options = new EtcdClientOptions { Endpoints = [etcd.ClientUrl] };
            return new TestStore(new EtcdObjectStore(options), etcd, async revision =>
            {
                await using var client = new EtcdClient(options);
                await client.Kv.CompactAsync(revision, physical: true);
            });
        }

        var folder = new TemporaryFolder();
        var node = await Node.OpenAsync(new NodeOptions { DataDirectory = folder.File("store") });
        return new TestStore(new NodeObjectStore(node, ownsNode: true), folder, async revision =>
        {
            var request = new ArrayBufferWriter<byte>();
            RequestEncoder.Encode(new CompactionRequest { Revision = revision }, request);
            await node.ProposeAsync(EntryKind.Compact, request.WrittenMemory);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _home.Dispose();
    }
}
