namespace Etcdish.Cluster.Peers;

/// <summary>What went between this member and another since the network started, or since that member became known.</summary>
/// <param name="Member">The other member.</param>
/// <param name="IsActive">Whether the connection for frames to it stands.</param>
/// <param name="SentBytes">Bytes written to it, frames and questions.</param>
/// <param name="SendFailures">Frames to it that were dropped: it could not be reached, too much waited, or their connection broke.</param>
/// <param name="ReceivedBytes">Bytes read from it.</param>
/// <param name="ReceiveFailures">Connections of it that ended by damage or by a breach of the protocol.</param>
/// <param name="Disconnects">How often an established connection to it broke.</param>
public readonly record struct PeerTraffic(
    ulong Member,
    bool IsActive,
    long SentBytes,
    long SendFailures,
    long ReceivedBytes,
    long ReceiveFailures,
    long Disconnects);
