namespace Etcdish.Cluster.Peers;

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
