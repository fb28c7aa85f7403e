using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>A connection without a socket: two pipes, the clock's beat and the server's wish to stop, all in a test's hands.</summary>
internal sealed class MemoryTransport : ConnectionContext, IConnectionHeartbeatFeature, IConnectionLifetimeNotificationFeature
{
    private readonly Pipe _toServer;
    private readonly Pipe _toClient;
    private readonly CancellationTokenSource _stopping = new();
    private (Action<object> Action, object State)? _heartbeat;

    /// <param name="clientBufferBytes">What the way to the client takes in before it stops taking; 0 for no end.</param>
    /// <param name="isInline">Whether everything that can runs on the thread that sends or beats, so that a run repeats itself.</param>
    public MemoryTransport(long clientBufferBytes = 64 * 1024, bool isInline = false)
    {
        PipeScheduler scheduler = isInline ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
        _toServer = new Pipe(new PipeOptions(
            readerScheduler: scheduler, writerScheduler: scheduler, pauseWriterThreshold: 0, useSynchronizationContext: false));
        _toClient = new Pipe(new PipeOptions(
            readerScheduler: scheduler,
            writerScheduler: scheduler,
            pauseWriterThreshold: clientBufferBytes,
            resumeWriterThreshold: clientBufferBytes / 2,
            useSynchronizationContext: false));
        Transport = new Duplex(_toServer.Reader, _toClient.Writer);
        Features.Set<IConnectionHeartbeatFeature>(this);
        Features.Set<IConnectionLifetimeNotificationFeature>(this);
    }

    public override string ConnectionId { get; set; } = "memory";

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    public CancellationToken ConnectionClosedRequested
    {
        get => _stopping.Token;
        set => throw new NotSupportedException();
    }

    /// <summary>The client's end: what it sends.</summary>
    public PipeWriter Sent => _toServer.Writer;

    /// <summary>The client's end: what it receives.</summary>
    public PipeReader Received => _toClient.Reader;

    /// <summary>Why the server cut the connection off, null if it did not.</summary>
    public string? AbortReason { get; private set; }

    public void OnHeartbeat(Action<object> action, object state) => _heartbeat = (action, state);

    /// <summary>One beat of the server's clock.</summary>
    public void Beat()
    {
        if (_heartbeat is var (action, state))
        {
            action(state);
        }
    }

    public void RequestClose() => _stopping.Cancel();

    public override void Abort(ConnectionAbortedException abortReason)
    {
        AbortReason = abortReason.Message;
        _toServer.Writer.Complete(abortReason);
        _toClient.Reader.Complete(abortReason);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
