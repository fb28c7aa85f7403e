using System.Text;

namespace Etcdish.Cluster.Peers;

/// <summary>Answers the questions of one connection, one after the other; see <see cref="PeerAsker"/> for their form.</summary>
internal static class QuestionAnswerer
{
    /// <summary>Answers until the dialler closes the connection.</summary>
    /// <param name="context">The network.</param>
    /// <param name="session">The connection.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="Exception">It broke, or the dialler breached the protocol; see <see cref="ConnectionFailure"/>.</exception>
    public static async Task RunAsync(PeerContext context, InboundSession session, CancellationToken cancellation)
    {
        using var reader = new EnvelopeReader(session.Connection.Stream, context.Options.MaxFrameBytes);
        int read = 1;
        while (read > 0)
        {
            if (!reader.TryTake(out ReadOnlyMemory<byte> request))
            {
                read = await reader.FillAsync(cancellation).ConfigureAwait(false);
                session.Counters.Received(read);
                continue;
            }

            // Until it has the answer the asker says nothing more, so whatever can be read meanwhile is its end.
            byte[] question = request.ToArray();
            Task<int> next = reader.FillAsync(cancellation).AsTask();
            try
            {
                await AnswerAsync(context, session, question, next, cancellation).ConfigureAwait(false);
            }
            catch
            {
                session.Connection.Abort();
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // The reader's buffer is in use until it ends.
                throw;
            }

            read = await next.ConfigureAwait(false);
            session.Counters.Received(read);
        }
    }

    private static async Task AnswerAsync(
        PeerContext context, InboundSession session, byte[] question, Task<int> next, CancellationToken cancellation)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<(byte Status, ReadOnlyMemory<byte> Answer)> answering = AskInboxAsync(context, session, question, gone.Token);
        if (await Task.WhenAny(answering, next).ConfigureAwait(false) != answering)
        {
            await gone.CancelAsync().ConfigureAwait(false);
            await answering.ConfigureAwait(false);
            throw new IOException("the asker left before it had its answer");
        }

        (byte status, ReadOnlyMemory<byte> answer) = await answering.ConfigureAwait(false);
        var header = new byte[Envelope.HeaderBytes + 1];
        header[Envelope.HeaderBytes] = status;
        Envelope.WriteHeader(header, header.AsSpan(Envelope.HeaderBytes), answer.Span);
        await session.Connection.WriteAsync(header).ConfigureAwait(false);
        await session.Connection.WriteAsync(answer).ConfigureAwait(false);
        session.Counters.Sent(header.Length + answer.Length);
    }

    private static async Task<(byte Status, ReadOnlyMemory<byte> Answer)> AskInboxAsync(
        PeerContext context, InboundSession session, byte[] question, CancellationToken cancellation)
    {
        try
        {
            ReadOnlyMemory<byte> answer =
                await context.Inbox.AnswerAsync(session.Hello.From, question, cancellation).ConfigureAwait(false);
            return answer.Length <= context.Options.MaxFrameBytes
                ? (PeerAsker.Answered, answer)
                : (PeerAsker.Failed, Encoding.UTF8.GetBytes($"the answer has {answer.Length} bytes"));
        }
#pragma warning disable CA1031 // The asker is told, as the inbox was promised.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return (PeerAsker.Failed, Encoding.UTF8.GetBytes(e.Message));
        }
    }
}
