namespace Etcdish.Cluster.Peers;

/// <summary>Why a member does not take a connection. Numbers are part of the handshake.</summary>
internal enum PeerRefusal : byte
{
    /// <summary>It does.</summary>
    None = 0,

    /// <summary>It speaks another version.</summary>
    OtherVersion = 1,

    /// <summary>It belongs to another cluster.</summary>
    OtherCluster = 2,

    /// <summary>It is not the member meant.</summary>
    OtherMember = 3,

    /// <summary>The dialler was removed from the cluster and may never speak again.</summary>
    Removed = 4,

    /// <summary>The dialler calls itself by the id of the member that it dials, or by none.</summary>
    BadIdentity = 5,
}

/// <summary>Something about a peer connection that an operator should know of.</summary>
/// <param name="IsWarning">Whether it asks for attention, rather than just informing.</param>
/// <param name="Member">The member that it is about; 0 when it is not known.</param>
/// <param name="Refusal">The reason when that member refused this one.</param>
/// <param name="Message">One line.</param>
internal readonly record struct PeerNotice(bool IsWarning, ulong Member, PeerRefusal Refusal, string Message);
