namespace Etcdish.Cluster.Peers;

/// <summary>Hands the frames of one connection to the inbox, in order, and answers pings.</summary>
internal static class FrameReceiver
{
    /// <summary>Receives until the dialler closes the connection.</summary>
    /// <param name="context">The network.</param>
    /// <param name="session">The connection.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="Exception">It broke, or the dialler breached the protocol; see <see cref="ConnectionFailure"/>.</exception>
    public static async Task RunAsync(PeerContext context, InboundSession session, CancellationToken cancellation)
    {
        using var reader = new EnvelopeReader(session.Connection.Stream, context.Options.MaxFrameBytes);
        while (true)
        {
            int read = await session.Connection.Stream.ReadAsync(reader.GetRoom(), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return;
            }

            reader.Added(read);

            session.Counters.Received(read);
            while (reader.TryTake(out ReadOnlyMemory<byte> frame))
            {
                if (!frame.IsEmpty)
                {
                    context.Inbox.Receive(session.Hello.From, frame.Span);
                }
                else
                {
                    await session.Connection.WriteAsync(Envelope.Ping).ConfigureAwait(false);
                }
            }
        }
    }
}
