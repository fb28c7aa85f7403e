namespace Etcdish.Cluster.Peers;

/// <summary>
/// The layout of a peer frame, version 1. Numbers are little-endian; bytes and bits without a meaning are zero, and anything else in them
/// is refused, so that they can get one later.
/// <code>
/// offset size
///      0    1  version, 1
///      1    1  kind (PeerFrameKind)
///
/// Raft
///      2    1  message type (MessageType)
///      3    1  flags: 1 reject, 2 transfer
///      4    4  number of entries; 0 unless the message is an append
///      8    8  cluster id
///     16    8  from
///     24    8  to
///     32    8  term
///     40    8  index
///     48    8  log term
///     56    8  last index
///     64    8  commit
///     72    8  hint index
///     80    8  hint term
///     88    8  read position
///     96    8  quarantine target
///    104    8  quarantine
///    112       the entries, each:  0  4  length of the payload
///                                  4  1  kind (a log record's, below 64)
///                                  5  3  zero
///                                  8  8  term
///                                 16     payload
/// all others
///      2    1  Forward: kind of the entry; Refused: gRPC status code; LeaseCall: LeaseCallKind; else zero
///      3    5  zero
///      8    8  sequence number of the request; Members: the index through which it counts
///     16       Forward: payload; Refused: text in UTF-8, at most 4,096 bytes; Accepted: index (8), term (8); ReadIndex: nothing;
///              ReadIndexAnswer: index (8); LeaseCall: lease id (8); LeaseAnswer: seconds (8), granted seconds (8);
///              Members: a membership (MembershipCodec)
/// </code>
/// </summary>
internal static class PeerFrameFormat
{
    /// <summary>The version that is written and the only one that is read.</summary>
    internal const byte Version = 1;

    /// <summary>Length of a Raft frame without entries.</summary>
    internal const int RaftHeaderBytes = 112;

    /// <summary>What an entry takes beside its payload.</summary>
    internal const int EntryHeaderBytes = 16;

    /// <summary>Length of what all other frames begin with.</summary>
    internal const int HeaderBytes = 16;

    /// <summary>Entry kinds from here on are local to a member's log and never travel.</summary>
    internal const byte FirstLocalKind = 64;

    /// <summary>Longest text of a refusal, in bytes.</summary>
    internal const int MaxRefusalBytes = 4096;

    internal const byte RejectFlag = 1;
    internal const byte TransferFlag = 2;
    internal const byte AllFlags = RejectFlag | TransferFlag;
}
