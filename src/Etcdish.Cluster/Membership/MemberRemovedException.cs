namespace Etcdish.Cluster;

/// <summary>
/// This member was removed from its group. It serves no more, its id is never taken again, and its data directory must be deleted before
/// the place can be used by a new member.
/// </summary>
public sealed class MemberRemovedException() : Exception("the member has been permanently removed from the cluster");
