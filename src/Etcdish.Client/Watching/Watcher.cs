using System.Runtime.CompilerServices;
using Etcdish.Client.Calls;
using Etcdish.Client.Transport;
using Etcdish.Protos;
using Etcdish.Rpc;

namespace Etcdish.Client;

/// <summary>
/// One watch. Enumerate it once: first comes the answer that tells it is in place (<c>created</c>), then events in the order of their
/// revisions, none twice, none left out, whole revisions at a time; a response without events is progress: all events up to its
/// header's revision have been delivered. When the connection breaks, the watch goes on at another endpoint behind the last event seen.
/// </summary>
// The semaphore's wait handle is never made, so there is nothing to dispose.
#pragma warning disable CA1001
public sealed class Watcher : IAsyncEnumerable<WatchResponse>
#pragma warning restore CA1001
{
    private readonly CallInvoker _calls;
    private readonly WatchCreateRequest _request;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private volatile IDuplexStream<WatchRequest, WatchResponse>? _stream;
    private int _enumerated;
    private bool _announced;

    internal Watcher(CallInvoker calls, WatchCreateRequest request)
    {
        _calls = calls;
        _request = request.Clone();
        _request.WatchId = 0;
        _request.Fragment = true;
    }

    /// <summary>
    /// Asks the server for a response without events as soon as it has sent all there are. Lost when the connection breaks meanwhile
    /// or the watch lags behind: ask again. Only while the watch is enumerated.
    /// </summary>
    /// <exception cref="InvalidOperationException">The watch is not connected.</exception>
    /// <exception cref="RpcException">The connection just broke.</exception>
    public async Task RequestProgressAsync(CancellationToken cancellationToken = default)
    {
        IDuplexStream<WatchRequest, WatchResponse> stream =
            _stream ?? throw new InvalidOperationException("the watch is not connected: enumerate it first");
        await WriteAsync(stream, new WatchRequest { ProgressRequest = new WatchProgressRequest() }, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="WatchCompactedException">Events were compacted before they could be delivered.</exception>
    /// <exception cref="RpcException">The server refused or ended the watch for good.</exception>
    public async IAsyncEnumerator<WatchResponse> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _enumerated, 1) == 1)
        {
            throw new InvalidOperationException("a watcher can be enumerated once; make another");
        }

        while (true)
        {
            using OpenedStream<WatchRequest, WatchResponse>? opened = await TryOpenAsync(cancellationToken);
            if (opened is null)
            {
                continue;
            }

            await using IAsyncEnumerator<WatchResponse> responses =
                ConnectAsync(opened, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await MoveNextUntilBrokenAsync(responses, opened))
            {
                if (TakeNote(responses.Current))
                {
                    yield return responses.Current;
                }
            }

            _stream = null;
        }
    }

    /// <summary>Null when the login that comes first could not be made for now; the next try is paced like any other.</summary>
    private async Task<OpenedStream<WatchRequest, WatchResponse>?> TryOpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _calls.OpenDuplexAsync(EtcdMethods.Watch, cancellationToken);
        }
        catch (RpcException e) when (e.Code == StatusCode.Unavailable)
        {
            return null;
        }
    }

    /// <summary>False = the connection is gone and the watch is to be resumed; what cannot be mended is thrown.</summary>
    private async Task<bool> MoveNextUntilBrokenAsync(
        IAsyncEnumerator<WatchResponse> responses, OpenedStream<WatchRequest, WatchResponse> opened)
    {
        try
        {
            if (await responses.MoveNextAsync())
            {
                _calls.Endpoints.ReportSuccess(opened.Endpoint);
                return true;
            }

            _calls.Endpoints.ReportFailure(opened.Endpoint);
        }
        catch (RpcException e) when (_calls.ShouldReopen(e, opened.Endpoint, opened.Token))
        {
            // Resuming is the answer; a failure that stays shows as a watch that waits, as it does when no member can be reached.
        }

        return false;
    }

    private async IAsyncEnumerable<WatchResponse> ConnectAsync(
        OpenedStream<WatchRequest, WatchResponse> opened, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(opened.Stream, new WatchRequest { CreateRequest = _request }, cancellationToken);
        }
        catch (RpcException)
        {
            // A stream that takes no request has ended; with which status, only reading tells.
        }

        _stream = opened.Stream;
        WatchResponse? fragments = null;
        await foreach (WatchResponse response in opened.Stream.ReadAllAsync())
        {
            if (response.Canceled)
            {
                throw CancelledByServer(response);
            }

            // A revision may be cut over several fragments; it is delivered, and resumed behind, only as a whole.
            if (fragments is not null)
            {
                fragments.Events.Add(response.Events);
                fragments.Fragment = response.Fragment;
            }

            WatchResponse joined = fragments ?? response;
            fragments = joined.Fragment ? joined : null;
            if (fragments is null)
            {
                yield return joined;
            }
        }
    }

    private async Task WriteAsync(
        IDuplexStream<WatchRequest, WatchResponse> stream, WatchRequest message, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await stream.WriteAsync(message);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Moves the start revision behind what this response covers; false for the answer to a re-creation.</summary>
    private bool TakeNote(WatchResponse response)
    {
        if (response.Created)
        {
            bool first = !_announced;
            _announced = true;
            if (_request.StartRevision == 0)
            {
                _request.StartRevision = response.Header.Revision + 1;
            }

            return first;
        }

        long covered = response.Events.Count > 0 ? response.Events[^1].Kv.ModRevision : response.Header.Revision;
        _request.StartRevision = Math.Max(_request.StartRevision, covered + 1);
        return true;
    }

    private Exception CancelledByServer(WatchResponse response)
    {
        if (response.CompactRevision != 0 || response.CancelReason.Contains("has been compacted", StringComparison.Ordinal))
        {
            return new WatchCompactedException(_request.StartRevision, response.CompactRevision);
        }

        StatusCode code = response.CancelReason switch
        {
            "etcdserver: no leader" => StatusCode.Unavailable,
            "etcdserver: permission denied" => StatusCode.PermissionDenied,
            "etcdserver: invalid auth token" => StatusCode.Unauthenticated,
            _ => StatusCode.Canceled,
        };
        return new RpcException(code, response.CancelReason.Length == 0 ? "etcdserver: watch canceled" : response.CancelReason);
    }
}
