namespace Etcdish.Cluster.Peers;

/// <summary>What went between this member and another since the network started, or since that member became known.</summary>
/// <param name="Member">The other member.</param>
/// <param name="IsActive">Whether the connection for frames to it stands.</param>
/// <param name="SentBytes">Bytes written to it, frames and questions.</param>
/// <param name="SendFailures">Frames to it that were dropped: refused by <see cref="IPeerNetwork.Send"/>, or lost with a connection.</param>
/// <param name="ReceivedBytes">Bytes read from it.</param>
/// <param name="ReceiveFailures">Connections of it that ended by damage or by a breach of the protocol.</param>
/// <param name="Disconnects">How often an established connection to it broke.</param>
internal readonly record struct PeerTraffic(
    ulong Member,
    bool IsActive,
    long SentBytes,
    long SendFailures,
    long ReceivedBytes,
    long ReceiveFailures,
    long Disconnects);

/// <summary>The counters behind <see cref="PeerTraffic"/>; any thread adds to them.</summary>
internal sealed class PeerCounters
{
    private long _sentBytes;
    private long _sendFailures;
    private long _receivedBytes;
    private long _receiveFailures;
    private long _disconnects;

    public void Sent(int bytes) => Interlocked.Add(ref _sentBytes, bytes);

    public void SendFailed(int frames) => Interlocked.Add(ref _sendFailures, frames);

    public void Received(int bytes) => Interlocked.Add(ref _receivedBytes, bytes);

    public void ReceiveFailed() => Interlocked.Increment(ref _receiveFailures);

    public void Disconnected() => Interlocked.Increment(ref _disconnects);

    public PeerTraffic Read(ulong member, bool isActive) => new(
        member,
        isActive,
        Interlocked.Read(ref _sentBytes),
        Interlocked.Read(ref _sendFailures),
        Interlocked.Read(ref _receivedBytes),
        Interlocked.Read(ref _receiveFailures),
        Interlocked.Read(ref _disconnects));
}
