namespace Etcdish.Cluster.Peers;

/// <summary>
/// Where what the others say arrives. Calls for one member come one at a time and in order; for several, at the same time.
/// </summary>
internal interface IPeerInbox
{
    /// <summary>
    /// A frame has come. Taking its time here slows that sender down, and nobody else. The frame passed its checksum, but says whatever
    /// the sender likes. Must return when the host closes, since closing the network waits for it.
    /// </summary>
    /// <param name="from">The member that the connection belongs to.</param>
    /// <param name="frame">The frame, valid during the call.</param>
    /// <exception cref="MalformedFrameException">The frame is none; the connection that it came by is closed.</exception>
    void Receive(ulong from, ReadOnlySpan<byte> frame);

    /// <summary>A connection to or from a member broke or could not be made: frames on their way, of either side, may be lost.</summary>
    /// <param name="member">The member.</param>
    void Unreachable(ulong member);

    /// <summary>Answers a question, see <see cref="IPeerNetwork.AskAsync"/>. What it throws is told to the asker as text.</summary>
    /// <param name="from">The member that asks.</param>
    /// <param name="request">The question, valid until the answer is given.</param>
    /// <param name="cancellation">The asker is gone or the network closes.</param>
    /// <returns>The answer, not longer than a frame may be, unchanged until the next question of that member.</returns>
    ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ulong from, ReadOnlyMemory<byte> request, CancellationToken cancellation);
}
