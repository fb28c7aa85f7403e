namespace Etcdish.Rpc;

/// <summary>gRPC status codes (grpc, doc/statuscodes.md); numbers are the wire's.</summary>
public enum StatusCode
{
    /// <summary>Success.</summary>
    Ok = 0,

    /// <summary>The caller cancelled.</summary>
    Canceled = 1,

    /// <summary>An error without a better code.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed first; the outcome is unknown.</summary>
    DeadlineExceeded = 4,

    /// <summary>What was asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>What was to be created exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A quota or a limit is used up.</summary>
    ResourceExhausted = 8,

    /// <summary>The state does not allow this now.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict; try the whole transaction again.</summary>
    Aborted = 10,

    /// <summary>Past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>No such method here.</summary>
    Unimplemented = 12,

    /// <summary>A broken invariant.</summary>
    Internal = 13,

    /// <summary>Not now; safe to retry when the request did not run.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged.</summary>
    DataLoss = 15,

    /// <summary>No valid credentials.</summary>
    Unauthenticated = 16,
}
