using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Interop;

/// <summary>Calls that etcdctl cannot express, sent as messages to one server; each answer or error goes into a transcript.</summary>
internal sealed class RawCalls(string url) : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private readonly RpcChannel _channel = new(new Uri(url));

    public List<(string Title, string Output)> Steps { get; } = [];

    public Task<RangeResponse?> RangeAsync(string title, RangeRequest request) =>
        SendAsync(title, "/etcdserverpb.KV/Range", request, RangeResponse.Parser);

    public Task<PutResponse?> PutAsync(string title, PutRequest request) =>
        SendAsync(title, "/etcdserverpb.KV/Put", request, PutResponse.Parser);

    public Task<PutResponse?> PutAsync(string key, string value) =>
        PutAsync($"put {key}", new PutRequest { Key = Bytes(key), Value = Bytes(value) });

    public Task<DeleteRangeResponse?> DeleteAsync(string title, DeleteRangeRequest request) =>
        SendAsync(title, "/etcdserverpb.KV/DeleteRange", request, DeleteRangeResponse.Parser);

    public Task<TxnResponse?> TxnAsync(string title, TxnRequest request) =>
        SendAsync(title, "/etcdserverpb.KV/Txn", request, TxnResponse.Parser);

    public Task<CompactionResponse?> CompactAsync(long revision) =>
        SendAsync(
            $"compact {revision}",
            "/etcdserverpb.KV/Compact",
            new CompactionRequest { Revision = revision },
            CompactionResponse.Parser);

    public Task<LeaseGrantResponse?> GrantAsync(long id, long seconds) =>
        SendAsync(
            $"grant {id} {seconds}",
            "/etcdserverpb.Lease/LeaseGrant",
            new LeaseGrantRequest { ID = id, TTL = seconds },
            LeaseGrantResponse.Parser);

    public Task<LeaseRevokeResponse?> RevokeAsync(long id) =>
        SendAsync($"revoke {id}", "/etcdserverpb.Lease/LeaseRevoke", new LeaseRevokeRequest { ID = id }, LeaseRevokeResponse.Parser);

    /// <summary>
    /// Opens a stream, sends the requests, and takes down what comes until <paramref name="enough"/> says so of all responses.
    /// </summary>
    public async Task WatchAsync(string title, IEnumerable<WatchRequest> requests, Func<IReadOnlyList<WatchResponse>, bool> enough)
    {
        using DuplexCall<WatchRequest, WatchResponse> stream = OpenWatch();
        foreach (WatchRequest request in requests)
            await stream.WriteAsync(request);
        await TakeDownAsync(title, stream, enough);
    }

    public DuplexCall<WatchRequest, WatchResponse> OpenWatch() =>
        _channel.Duplex<WatchRequest, WatchResponse>(
            "/etcdserverpb.Watch/Watch", WatchResponse.Parser, new CallOptions { Timeout = _patience });

    public async Task TakeDownAsync(
        string title, DuplexCall<WatchRequest, WatchResponse> stream, Func<IReadOnlyList<WatchResponse>, bool> enough)
    {
        var responses = new List<WatchResponse>();
        while (!enough(responses))
        {
            if (await stream.ReadAsync() is not { } response)
                break;
            responses.Add(response);
        }

        Steps.Add((title, string.Join('\n', responses.Select(Describe))));
    }

    public void Dispose() => _channel.Dispose();

    public static ByteString Bytes(string text) => ByteString.CopyFrom(System.Text.Encoding.Latin1.GetBytes(text));

    private async Task<TResponse?> SendAsync<TRequest, TResponse>(
        string title, string method, TRequest request, MessageParser<TResponse> parser)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        try
        {
            TResponse response = await _channel.UnaryAsync(method, request, parser, new CallOptions { Timeout = _patience });
            Steps.Add((title, Describe(response)));
            return response;
        }
        catch (RpcException refusal)
        {
            Steps.Add((title, $"{refusal.Code}: {refusal.Message}"));
            return null;
        }
    }

    private static string Describe(IMessage message) => Normaliser.NormaliseMessage(message.ToString()!);
}
