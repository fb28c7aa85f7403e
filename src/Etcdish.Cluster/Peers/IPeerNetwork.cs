namespace Etcdish.Cluster.Peers;

/// <summary>What a member says to the others. The real one speaks TCP; simulations bring their own.</summary>
internal interface IPeerNetwork
{
    /// <summary>
    /// Hands a frame over for sending. Frames to one member arrive in the order of the calls or not at all; when some that were accepted
    /// may be lost, the inbox is told by <see cref="IPeerInbox.Unreachable"/>. Never waits and may be called from any thread.
    /// </summary>
    /// <param name="to">The member meant.</param>
    /// <param name="frame">One peer frame; copied.</param>
    /// <returns>False: that member is unknown, cannot be reached now, or its outbox is full, and the frame is dropped.</returns>
    bool Send(ulong to, ReadOnlySpan<byte> frame);

    /// <summary>As <see cref="Send"/>, but the frame leaves with the next <see cref="Flush"/>, together with others for that member.</summary>
    /// <param name="to">The member meant.</param>
    /// <param name="frame">One peer frame; copied.</param>
    /// <returns>As there.</returns>
    bool Gather(ulong to, ReadOnlySpan<byte> frame) => Send(to, frame);

    /// <summary>Sends what was gathered. Never waits and may be called from any thread.</summary>
    void Flush()
    {
    }

    /// <summary>
    /// Tells who the others are. Connections to those that left, or whose addresses changed, are closed; the newly named are dialled.
    /// The member itself may be in the list and is passed over.
    /// </summary>
    /// <param name="members">All members, each id once.</param>
    /// <param name="removed">Ids that may never speak again: their connections are refused with a reason.</param>
    /// <exception cref="ArgumentException">A peer URL is not of the form http(s)://host:port; nothing has changed.</exception>
    void SetMembers(IReadOnlyList<PeerAddress> members, IReadOnlyList<ulong> removed);

    /// <summary>
    /// Asks a member something larger than a frame, over a connection of its own that delays no frame. Questions to one member go one
    /// after the other.
    /// </summary>
    /// <param name="member">Whom to ask.</param>
    /// <param name="request">The question, not longer than a frame may be.</param>
    /// <param name="cancellation">Ends the wait; the question may have been heard all the same.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="PeerAskException">The member is unknown, cannot be reached, went away, or failed to answer.</exception>
    /// <exception cref="OperationCanceledException">As asked.</exception>
    ValueTask<ReadOnlyMemory<byte>> AskAsync(ulong member, ReadOnlyMemory<byte> request, CancellationToken cancellation);
}
