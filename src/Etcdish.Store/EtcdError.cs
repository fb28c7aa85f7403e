namespace Etcdish.Store;

/// <summary>
/// An error of the etcd v3 API. Clients match on the text, so each stands here once, exactly (etcd, api/v3rpc/rpctypes).
/// </summary>
/// <param name="Code">gRPC status code.</param>
/// <param name="Message">Text, with etcd's prefix.</param>
public sealed record EtcdError(int Code, string Message)
{
    /// <summary>InvalidArgument: key is not provided.</summary>
    public static readonly EtcdError EmptyKey = new(3, "etcdserver: key is not provided");

    /// <summary>InvalidArgument: key not found.</summary>
    public static readonly EtcdError KeyNotFound = new(3, "etcdserver: key not found");

    /// <summary>InvalidArgument: value is provided.</summary>
    public static readonly EtcdError ValueProvided = new(3, "etcdserver: value is provided");

    /// <summary>InvalidArgument: lease is provided.</summary>
    public static readonly EtcdError LeaseProvided = new(3, "etcdserver: lease is provided");

    /// <summary>InvalidArgument: too many operations in txn request.</summary>
    public static readonly EtcdError TooManyOps = new(3, "etcdserver: too many operations in txn request");

    /// <summary>InvalidArgument: duplicate key given in txn request.</summary>
    public static readonly EtcdError DuplicateKey = new(3, "etcdserver: duplicate key given in txn request");

    /// <summary>InvalidArgument: invalid client api version.</summary>
    public static readonly EtcdError InvalidClientAPIVersion = new(3, "etcdserver: invalid client api version");

    /// <summary>InvalidArgument: invalid sort option.</summary>
    public static readonly EtcdError InvalidSortOption = new(3, "etcdserver: invalid sort option");

    /// <summary>OutOfRange: required revision has been compacted.</summary>
    public static readonly EtcdError Compacted = new(11, "etcdserver: mvcc: required revision has been compacted");

    /// <summary>OutOfRange: required revision is a future revision.</summary>
    public static readonly EtcdError FutureRev = new(11, "etcdserver: mvcc: required revision is a future revision");

    /// <summary>ResourceExhausted: database space exceeded.</summary>
    public static readonly EtcdError NoSpace = new(8, "etcdserver: mvcc: database space exceeded");

    /// <summary>NotFound: requested lease not found.</summary>
    public static readonly EtcdError LeaseNotFound = new(5, "etcdserver: requested lease not found");

    /// <summary>FailedPrecondition: lease already exists.</summary>
    public static readonly EtcdError LeaseExist = new(9, "etcdserver: lease already exists");

    /// <summary>OutOfRange: too large lease TTL.</summary>
    public static readonly EtcdError LeaseTTLTooLarge = new(11, "etcdserver: too large lease TTL");

    /// <summary>Canceled: watch canceled.</summary>
    public static readonly EtcdError WatchCanceled = new(1, "etcdserver: watch canceled");

    /// <summary>FailedPrecondition: member ID already exist.</summary>
    public static readonly EtcdError MemberExist = new(9, "etcdserver: member ID already exist");

    /// <summary>FailedPrecondition: Peer URLs already exists.</summary>
    public static readonly EtcdError PeerURLExist = new(9, "etcdserver: Peer URLs already exists");

    /// <summary>FailedPrecondition: re-configuration failed due to not enough started members.</summary>
    public static readonly EtcdError MemberNotEnoughStarted = new(9, "etcdserver: re-configuration failed due to not enough started members");

    /// <summary>InvalidArgument: given member URLs are invalid.</summary>
    public static readonly EtcdError MemberBadURLs = new(3, "etcdserver: given member URLs are invalid");

    /// <summary>NotFound: member not found.</summary>
    public static readonly EtcdError MemberNotFound = new(5, "etcdserver: member not found");

    /// <summary>FailedPrecondition: can only promote a learner member.</summary>
    public static readonly EtcdError MemberNotLearner = new(9, "etcdserver: can only promote a learner member");

    /// <summary>FailedPrecondition: can only promote a learner member which is in sync with leader.</summary>
    public static readonly EtcdError LearnerNotReady = new(9, "etcdserver: can only promote a learner member which is in sync with leader");

    /// <summary>FailedPrecondition: too many learner members in cluster.</summary>
    public static readonly EtcdError TooManyLearners = new(9, "etcdserver: too many learner members in cluster");

    /// <summary>FailedPrecondition: cluster ID mismatch.</summary>
    public static readonly EtcdError ClusterIDMismatch = new(9, "etcdserver: cluster ID mismatch");

    /// <summary>InvalidArgument: request is too large.</summary>
    public static readonly EtcdError RequestTooLarge = new(3, "etcdserver: request is too large");

    /// <summary>ResourceExhausted: too many requests.</summary>
    public static readonly EtcdError RequestTooManyRequests = new(8, "etcdserver: too many requests");

    /// <summary>FailedPrecondition: root user does not exist.</summary>
    public static readonly EtcdError RootUserNotExist = new(9, "etcdserver: root user does not exist");

    /// <summary>FailedPrecondition: root user does not have root role.</summary>
    public static readonly EtcdError RootRoleNotExist = new(9, "etcdserver: root user does not have root role");

    /// <summary>FailedPrecondition: user name already exists.</summary>
    public static readonly EtcdError UserAlreadyExist = new(9, "etcdserver: user name already exists");

    /// <summary>InvalidArgument: user name is empty.</summary>
    public static readonly EtcdError UserEmpty = new(3, "etcdserver: user name is empty");

    /// <summary>FailedPrecondition: user name not found.</summary>
    public static readonly EtcdError UserNotFound = new(9, "etcdserver: user name not found");

    /// <summary>FailedPrecondition: role name already exists.</summary>
    public static readonly EtcdError RoleAlreadyExist = new(9, "etcdserver: role name already exists");

    /// <summary>FailedPrecondition: role name not found.</summary>
    public static readonly EtcdError RoleNotFound = new(9, "etcdserver: role name not found");

    /// <summary>InvalidArgument: role name is empty.</summary>
    public static readonly EtcdError RoleEmpty = new(3, "etcdserver: role name is empty");

    /// <summary>InvalidArgument: authentication failed, invalid user ID or password.</summary>
    public static readonly EtcdError AuthFailed = new(3, "etcdserver: authentication failed, invalid user ID or password");

    /// <summary>InvalidArgument: permission not given.</summary>
    public static readonly EtcdError PermissionNotGiven = new(3, "etcdserver: permission not given");

    /// <summary>PermissionDenied: permission denied.</summary>
    public static readonly EtcdError PermissionDenied = new(7, "etcdserver: permission denied");

    /// <summary>FailedPrecondition: role is not granted to the user.</summary>
    public static readonly EtcdError RoleNotGranted = new(9, "etcdserver: role is not granted to the user");

    /// <summary>FailedPrecondition: permission is not granted to the role.</summary>
    public static readonly EtcdError PermissionNotGranted = new(9, "etcdserver: permission is not granted to the role");

    /// <summary>FailedPrecondition: authentication is not enabled.</summary>
    public static readonly EtcdError AuthNotEnabled = new(9, "etcdserver: authentication is not enabled");

    /// <summary>Unauthenticated: invalid auth token.</summary>
    public static readonly EtcdError InvalidAuthToken = new(16, "etcdserver: invalid auth token");

    /// <summary>InvalidArgument: invalid auth management.</summary>
    public static readonly EtcdError InvalidAuthMgmt = new(3, "etcdserver: invalid auth management");

    /// <summary>InvalidArgument: revision of auth store is old.</summary>
    public static readonly EtcdError AuthOldRevision = new(3, "etcdserver: revision of auth store is old");

    /// <summary>Unavailable: no leader.</summary>
    public static readonly EtcdError NoLeader = new(14, "etcdserver: no leader");

    /// <summary>FailedPrecondition: not leader.</summary>
    public static readonly EtcdError NotLeader = new(9, "etcdserver: not leader");

    /// <summary>Unavailable: leader changed.</summary>
    public static readonly EtcdError LeaderChanged = new(14, "etcdserver: leader changed");

    /// <summary>FailedPrecondition: not capable.</summary>
    public static readonly EtcdError NotCapable = new(9, "etcdserver: not capable");

    /// <summary>Unavailable: server stopped.</summary>
    public static readonly EtcdError Stopped = new(14, "etcdserver: server stopped");

    /// <summary>Unavailable: request timed out.</summary>
    public static readonly EtcdError Timeout = new(14, "etcdserver: request timed out");

    /// <summary>Unavailable: request timed out, possibly due to previous leader failure.</summary>
    public static readonly EtcdError TimeoutDueToLeaderFail = new(14, "etcdserver: request timed out, possibly due to previous leader failure");

    /// <summary>Unavailable: request timed out, possibly due to connection lost.</summary>
    public static readonly EtcdError TimeoutDueToConnectionLost = new(14, "etcdserver: request timed out, possibly due to connection lost");

    /// <summary>Unavailable: request timed out, waiting for the applied index took too long.</summary>
    public static readonly EtcdError TimeoutWaitAppliedIndex = new(14, "etcdserver: request timed out, waiting for the applied index took too long");

    /// <summary>Unavailable: unhealthy cluster.</summary>
    public static readonly EtcdError Unhealthy = new(14, "etcdserver: unhealthy cluster");

    /// <summary>DataLoss: corrupt cluster.</summary>
    public static readonly EtcdError Corrupt = new(15, "etcdserver: corrupt cluster");

    /// <summary>FailedPrecondition: rpc not supported for learner.</summary>
    public static readonly EtcdError NotSupportedForLearner = new(9, "etcdserver: rpc not supported for learner");

    /// <summary>FailedPrecondition: bad leader transferee.</summary>
    public static readonly EtcdError BadLeaderTransferee = new(9, "etcdserver: bad leader transferee");

    /// <summary>InvalidArgument: wrong downgrade target version format.</summary>
    public static readonly EtcdError WrongDowngradeVersionFormat = new(3, "etcdserver: wrong downgrade target version format");

    /// <summary>InvalidArgument: invalid downgrade target version.</summary>
    public static readonly EtcdError InvalidDowngradeTargetVersion = new(3, "etcdserver: invalid downgrade target version");

    /// <summary>FailedPrecondition: cluster version not found during downgrade.</summary>
    public static readonly EtcdError ClusterVersionUnavailable = new(9, "etcdserver: cluster version not found during downgrade");

    /// <summary>FailedPrecondition: cluster has a downgrade job in progress.</summary>
    public static readonly EtcdError DowngradeInProcess = new(9, "etcdserver: cluster has a downgrade job in progress");

    /// <summary>FailedPrecondition: no inflight downgrade job.</summary>
    public static readonly EtcdError NoInflightDowngrade = new(9, "etcdserver: no inflight downgrade job");

    /// <summary>Canceled: request canceled.</summary>
    public static readonly EtcdError Canceled = new(1, "etcdserver: request canceled");

    /// <summary>DeadlineExceeded: context deadline exceeded.</summary>
    public static readonly EtcdError DeadlineExceeded = new(4, "etcdserver: context deadline exceeded");
}
