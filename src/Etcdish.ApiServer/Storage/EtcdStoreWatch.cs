using Etcdish.Client;
using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.ApiServer.Storage;

/// <summary>A watch over etcd's v3 API; the client resumes it when connections break.</summary>
internal sealed class EtcdStoreWatch(EtcdObjectStore store, EtcdClient client, string prefix, long startRevision) : IStoreWatch
{
    private readonly Watcher _watcher = client.Watch.Watch(new WatchCreateRequest
    {
        Key = ByteString.CopyFromUtf8(prefix),
        RangeEnd = ByteString.CopyFrom(KeyPrefix.End(prefix)),
        StartRevision = startRevision,
        PrevKv = true,
    });

    private volatile bool _isConnected;

    public async ValueTask RequestProgressAsync(CancellationToken cancellation)
    {
        if (!_isConnected)
        {
            return;
        }

        try
        {
            if (await store.AnswersInOrderAsync(cancellation))
            {
                await _watcher.RequestProgressAsync(cancellation);
            }
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            // The connection just broke. The watch resumes by itself, and whoever asked asks again.
            _isConnected = false;
        }
    }

    public async IAsyncEnumerator<StoreChanges> GetAsyncEnumerator(CancellationToken cancellation = default)
    {
        await using var responses = _watcher.GetAsyncEnumerator(cancellation);
        while (await MoveNextAsync(responses))
        {
            _isConnected = true;
            var response = responses.Current;
            if (!response.Created)
            {
                yield return Read(response);
            }
        }
    }

    /// <summary>
    /// Before 3.4.25 and 3.5.8 etcd answered at once with its newest revision, ahead of changes that it had yet to send: whoever believed
    /// that lost them. Such a server is not asked.
    /// </summary>
    internal static bool AnswersInOrder(string version) => Version.TryParse(version.Split('-', '+')[0], out var parsed)
        && parsed >= new Version(3, 4, 25) && (parsed.Minor != 5 || parsed.Major != 3 || parsed.Build >= 8);

    private static async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<WatchResponse> responses)
    {
        try
        {
            return await responses.MoveNextAsync();
        }
        catch (WatchCompactedException e)
        {
            throw new StoreCompactedException(e);
        }
        catch (RpcException e)
        {
            throw EtcdObjectStore.Translate(e);
        }
    }

    private static StoreChanges Read(WatchResponse response)
    {
        var items = new StoreChange[response.Events.Count];
        for (var i = 0; i < items.Length; i++)
        {
            var change = response.Events[i];
            items[i] = new StoreChange(
                change.Kv.Key.ToStringUtf8(),
                change.Kv.ModRevision,
                change.Type == Event.Types.EventType.Delete ? default(ReadOnlyMemory<byte>?) : change.Kv.Value.Memory,
                change.PrevKv is null ? default(ReadOnlyMemory<byte>?) : change.PrevKv.Value.Memory);
        }

        return new StoreChanges(items, items.Length == 0 ? response.Header.Revision : items[^1].Revision);
    }
}
