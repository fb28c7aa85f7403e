using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Rpc;

/// <summary>
/// A listener without a socket: what accepts on it are connections that came in on a plain-text port and turned out to
/// speak HTTP/1.1 (see <see cref="ProtocolSniffer"/>). To Kestrel it is an endpoint like any other, set to HTTP/1.1.
/// </summary>
internal sealed class PlainHttpHandoff : EndPoint, IConnectionListener
{
    private readonly Channel<ConnectionContext> _connections =
        Channel.CreateUnbounded<ConnectionContext>(new UnboundedChannelOptions { SingleReader = true });

    EndPoint IConnectionListener.EndPoint => this;

    /// <summary>Passes a connection on; completes when its HTTP/1.1 side has ended.</summary>
    public Task HandOffAsync(ConnectionContext connection)
    {
        var handedOff = new HandedOffConnection(connection);

        // Refused only when the server stops; the caller then closes the connection by returning.
        return _connections.Writer.TryWrite(handedOff) ? handedOff.Completion : Task.CompletedTask;
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _connections.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_connections.Reader.TryRead(out ConnectionContext? connection))
            {
                return connection;
            }
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _connections.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Writer.TryComplete();
        while (_connections.Reader.TryRead(out ConnectionContext? connection))
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    public override string ToString() => "plain-http";

    /// <summary>
    /// The connection as the second pipeline sees it. It has features of its own over the first's, because Kestrel hangs
    /// its bookkeeping on them.
    /// </summary>
    private sealed class HandedOffConnection(ConnectionContext outer) : ConnectionContext
    {
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Completion => _completion.Task;

        public override string ConnectionId { get; set; } = outer.ConnectionId;

        public override IFeatureCollection Features { get; } = new FeatureCollection(outer.Features);

        public override IDictionary<object, object?> Items { get; set; } = outer.Items;

        public override IDuplexPipe Transport { get; set; } = outer.Transport;

        public override CancellationToken ConnectionClosed { get; set; } = outer.ConnectionClosed;

        public override EndPoint? LocalEndPoint { get; set; } = outer.LocalEndPoint;

        public override EndPoint? RemoteEndPoint { get; set; } = outer.RemoteEndPoint;

        public override void Abort(ConnectionAbortedException abortReason) => outer.Abort(abortReason);

        public override ValueTask DisposeAsync()
        {
            _completion.TrySetResult();
            return base.DisposeAsync();
        }
    }
}
