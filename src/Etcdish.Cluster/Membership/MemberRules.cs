using System.Collections.Immutable;
using Etcdish.Cluster.Peers;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Which changes of the membership the leader refuses, and with which of etcd's errors. Its two strict rules keep an operator from losing
/// the quorum: of the voters after the change a majority must have started once (<see cref="EtcdError.MemberNotEnoughStarted"/>), and must
/// be there now (<see cref="EtcdError.Unhealthy"/>).
/// </summary>
/// <param name="membership">The membership, which no change is under way to alter.</param>
/// <param name="isHeard">Whether a member answered within the election timeout; the leader itself did.</param>
/// <param name="maxLearners">How many learners there may be.</param>
internal sealed class MemberRules(Membership membership, Func<ulong, bool> isHeard, int maxLearners)
{
    private readonly ImmutableArray<ulong> _voters = membership.Configuration.Voters;

    /// <summary>Why a wish is refused, or null. Whether a learner has caught up is the core's to say.</summary>
    public EtcdError? Check(MemberRequest request) => request.Operation switch
    {
        MemberOperation.Add or MemberOperation.AddLearner => CheckAdd(request),
        MemberOperation.Promote => CheckPromote(request),
        MemberOperation.Remove => CheckRemove(request),
        _ => CheckUpdate(request),
    };

    private EtcdError? CheckAdd(MemberRequest request)
    {
        bool isLearner = request.Operation == MemberOperation.AddLearner;
        if (request.IsStrict && !isLearner && !IsReadyForOneMore())
        {
            return EtcdError.MemberNotEnoughStarted;
        }

        // The new one counts as absent. A group of one may always grow: how else would it ever.
        if (request.IsStrict && _voters.Length > 1 && _voters.Count(isHeard) < Majority(_voters.Length + 1))
        {
            return EtcdError.Unhealthy;
        }

        if (membership.Configuration.IsMember(request.Member) || membership.Configuration.IsRemoved(request.Member))
        {
            return EtcdError.MemberExist;
        }

        return IsTaken(request) ? EtcdError.PeerURLExist
            : isLearner && membership.Configuration.Learners.Length >= maxLearners ? EtcdError.TooManyLearners
            : null;
    }

    private EtcdError? CheckPromote(MemberRequest request) =>
        !membership.Configuration.IsMember(request.Member) ? EtcdError.MemberNotFound
        : !membership.Configuration.IsLearner(request.Member) ? EtcdError.MemberNotLearner
        : request.IsStrict && _voters.Count(HasStarted) + 1 < Majority(_voters.Length + 1) ? EtcdError.MemberNotEnoughStarted
        : null;

    private EtcdError? CheckRemove(MemberRequest request)
    {
        ulong member = request.Member;
        if (request.IsStrict && !membership.Configuration.IsLearner(member))
        {
            int left = _voters.Count(voter => voter != member);
            if (_voters.Count(voter => voter != member && HasStarted(voter)) < Majority(left))
            {
                return EtcdError.MemberNotEnoughStarted;
            }

            // Who is away is no part of the quorum that serves now.
            if (isHeard(member) && _voters.Contains(member) && _voters.Count(isHeard) - 1 < 1 + ((_voters.Length - 1) / 2))
            {
                return EtcdError.Unhealthy;
            }
        }

        return membership.Configuration.IsMember(member) ? null : EtcdError.MemberNotFound;
    }

    private EtcdError? CheckUpdate(MemberRequest request) =>
        !membership.Configuration.IsMember(request.Member) ? EtcdError.MemberNotFound
        : IsTaken(request) ? EtcdError.PeerURLExist
        : null;

    private bool IsReadyForOneMore()
    {
        int started = _voters.Count(HasStarted);
        return (started == 1 && _voters.Length == 1) || started >= Majority(_voters.Length + 1);
    }

    private bool HasStarted(ulong voter) => membership.Members.Any(member => member.Id == voter && member.Name.Length > 0);

    private bool IsTaken(MemberRequest request) => membership.Members.Any(
        member => member.Id != request.Member && member.PeerUrls.Intersect(request.PeerUrls, StringComparer.Ordinal).Any());

    private static int Majority(int voters) => (voters / 2) + 1;
}
