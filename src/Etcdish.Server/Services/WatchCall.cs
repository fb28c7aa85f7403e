using System.Buffers;
using Etcdish.Rpc;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>
/// One watch stream of a client. One task reads its requests into the hub's stream; another takes what the hub has for it and sends it,
/// awaiting each flush, so a client that reads slowly holds up this task and nobody else. The hub wakes the sender, never waits for it.
/// </summary>
internal sealed class WatchCall : IDisposable
{
    private const int BytesPerFlush = 64 * 1024;
    private const double ProgressJitter = 0.1;

    private readonly ServiceContext _context;
    private readonly TimeProvider _clock;
    private readonly RpcRequests _requests;
    private readonly RpcResponse _responses;
    private readonly CancellationTokenSource _ended;
    private readonly Wakeup _ready = new();
    private readonly Wakeup _drained = new();
    private readonly WatchStream _stream;
    private ITimer? _progressTimer;

    public WatchCall(ServiceContext context, TimeProvider clock, RpcRequests requests, RpcResponse responses, ServerCall call)
    {
        _context = context;
        _clock = clock;
        _requests = requests;
        _responses = responses;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        _stream = context.Node.Watches.OpenStream(_ready.Set);
    }

    /// <summary>Serves the stream until the client, the server or an error ends it.</summary>
    public async Task RunAsync()
    {
        using CancellationTokenRegistration wake = _ended.Token.UnsafeRegister(
            static state =>
            {
                var call = (WatchCall)state!;
                call._ready.Set();
                call._drained.Set();
            },
            this);
        Task reading = ReadRequestsAsync();
        try
        {
            await SendAsync().ConfigureAwait(false);
        }
        finally
        {
            await _ended.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // What the reader met is why the sender stopped, unless the client, its deadline or the server's end did.
        await reading.ConfigureAwait(false);
        throw new OperationCanceledException("The watch stream has ended.");
    }

    public void Dispose()
    {
        _progressTimer?.Dispose();
        _stream.Dispose();
        _ended.Dispose();
    }

    private async Task ReadRequestsAsync()
    {
        try
        {
            while (await _requests.MoveNextAsync().ConfigureAwait(false))
            {
                Handle(WatchRequestDecoder.Decode(_requests.Current));
                while (_stream.IsCongested && !_ended.IsCancellationRequested)
                {
                    await _drained.WaitAsync().ConfigureAwait(false);
                }
            }

            // A client that has no more to ask may still want to see.
        }
        catch
        {
            await _ended.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Handle(in WatchRequest request)
    {
        switch (request.Kind)
        {
            case WatchRequestKind.Create:
                StartProgressTimer(request.Create!);
                _stream.Create(request.Create!);
                break;
            case WatchRequestKind.Cancel:
                _stream.Cancel(request.CancelId);
                break;
            case WatchRequestKind.Progress:
                _stream.RequestProgress();
                break;
        }
    }

    private async Task SendAsync()
    {
        var batch = new WatchBatch();
        while (!_ended.IsCancellationRequested)
        {
            while (_stream.TryTake(batch))
            {
                var header = new WatchHeader(_context.Node.ClusterId, _context.Node.MemberId, _context.Node.Term);
                IBufferWriter<byte> output = _responses.Begin(batch.Size(header));
                batch.Write(output, header);
                if (_responses.UnflushedBytes >= BytesPerFlush)
                {
                    await FlushAsync().ConfigureAwait(false);
                }
            }

            if (_responses.UnflushedBytes > 0)
            {
                await FlushAsync().ConfigureAwait(false);
            }

            await _ready.WaitAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask FlushAsync()
    {
        await _responses.FlushAsync().ConfigureAwait(false);
        _drained.Set();
    }

    private void StartProgressTimer(WatchCreateRequest create)
    {
        if (!create.ProgressNotify || _progressTimer is not null)
        {
            return;
        }

        // Streams that began together would otherwise all speak at once.
        double spread = 1 + (ProgressJitter * Random.Shared.NextDouble());
        TimeSpan interval = _context.Options.WatchProgressInterval * spread;
        _progressTimer = _clock.CreateTimer(static state => ((WatchStream)state!).NotifyProgress(), _stream, interval, interval);
    }
}
