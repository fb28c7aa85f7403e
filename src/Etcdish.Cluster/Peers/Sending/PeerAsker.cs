using System.Text;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Asks one member questions over a connection of its own, which is made with the first question and kept. Question and answer are one
/// envelope each; an answer's first byte says whether it is one (1) or the reason why there is none, in UTF-8 (0).
/// </summary>
internal sealed class PeerAsker : IAsyncDisposable
{
    /// <summary>First byte of an answer that is a reason for having none.</summary>
    internal const byte Failed = 0;

    /// <summary>First byte of an answer.</summary>
    internal const byte Answered = 1;

    private readonly PeerContext _context;
    private readonly ulong _member;
    private readonly PeerCounters _counters;
    private readonly PeerDialer _dialer;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private PeerConnection? _connection;
    private EnvelopeReader? _reader;

    public PeerAsker(PeerContext context, ulong member, IReadOnlyList<PeerUrl> urls, PeerCounters counters)
    {
        _context = context;
        _member = member;
        _counters = counters;
        _dialer = new PeerDialer(context, member, urls);
    }

    /// <summary>See <see cref="IPeerNetwork.AskAsync"/>.</summary>
    /// <param name="request">The question.</param>
    /// <param name="cancellation">The asker's wish.</param>
    /// <param name="stop">The member left, or the network closes.</param>
    public async ValueTask<ReadOnlyMemory<byte>> AskAsync(
        ReadOnlyMemory<byte> request, CancellationToken cancellation, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stop);
        try
        {
            await _turn.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                return await AskInTurnAsync(request, either.Token).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (Exception e) when (ConnectionFailure.Is(e))
        {
            cancellation.ThrowIfCancellationRequested();
            throw new PeerAskException($"member {_member:x} has not answered: {ConnectionFailure.Describe(e)}", e);
        }
    }

    /// <summary>Closes the connection once no question is under way; none may begin any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        HangUp();
        _turn.Dispose();
    }

    private async ValueTask<ReadOnlyMemory<byte>> AskInTurnAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        bool isOver = false;
        try
        {
            PeerConnection connection = await ConnectAsync(cancellation).ConfigureAwait(false);

            // An answer that nobody waits for would be taken for that to the next question.
            using CancellationTokenRegistration abort = cancellation.Register(connection.Abort);
            await WriteAsync(connection, request).ConfigureAwait(false);
            byte[] answer = await ReadAsync(cancellation).ConfigureAwait(false);
            isOver = true;
            return answer[0] == Answered
                ? answer.AsMemory(1)
                : throw new PeerAskException(
                    $"member {_member:x} failed to answer: {Encoding.UTF8.GetString(answer.AsSpan(1))}");
        }
        finally
        {
            if (!isOver || cancellation.IsCancellationRequested)
            {
                HangUp();
            }
        }
    }

    private async ValueTask<PeerConnection> ConnectAsync(CancellationToken cancellation)
    {
        // Nothing comes between two questions but the end of the connection.
        if (_connection is { IsReadable: false })
        {
            return _connection;
        }

        HangUp();
        _connection = await _dialer.DialAsync(ConnectionKind.Bulk, cancellation).ConfigureAwait(false);
        _reader = new EnvelopeReader(_connection.Stream, _context.Options.MaxFrameBytes + 1);
        return _connection;
    }

    private async ValueTask WriteAsync(PeerConnection connection, ReadOnlyMemory<byte> request)
    {
        var header = new byte[Envelope.HeaderBytes];
        Envelope.WriteHeader(header, [], request.Span);
        await connection.WriteAsync(header).ConfigureAwait(false);
        await connection.WriteAsync(request).ConfigureAwait(false);
        _counters.Sent(header.Length + request.Length);
    }

    private async ValueTask<byte[]> ReadAsync(CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> answer;
        while (!_reader!.TryTake(out answer))
        {
            int read = await _reader.FillAsync(cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                throw new IOException("the other side closed the connection");
            }

            _counters.Received(read);
        }

        return answer.IsEmpty ? throw new MalformedFrameException("an empty answer") : answer.ToArray();
    }

    private void HangUp()
    {
        _connection?.Dispose();
        _reader?.Dispose();
        _connection = null;
        _reader = null;
    }
}
