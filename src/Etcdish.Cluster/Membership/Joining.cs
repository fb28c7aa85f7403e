using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// Who a member is whose directory holds nothing yet. One that joins asks the group, which gave it its id when it was announced. One that
/// founds a group takes the ids of its options, unless it finds that it did so before and lost its disk: then its vote of an earlier life
/// is lost too, and it must not vote again under this id.
/// </summary>
internal static class Joining
{
    private const string SegmentSuffix = ".seg";

    // A founder asks those who mostly do not run yet, and must not wait for them.
    private static readonly TimeSpan _foundersPatience = TimeSpan.FromSeconds(1);

    /// <summary>The options with the ids that are to be used; unchanged when the directory knows who it belongs to.</summary>
    /// <exception cref="JoinException">The member may not become part of the group.</exception>
    public static async Task<NodeOptions> SettleAsync(NodeOptions options, CancellationToken cancellation)
    {
        options.Log.Disk.CreateDirectory(options.DataDirectory);
        IReadOnlyList<string> files = options.Log.Disk.List(options.DataDirectory);
        if (files.Contains(MemberFile.Name))
        {
            return options;
        }

        if (options.JoinsExistingGroup)
        {
            return await JoinAsync(options, cancellation).ConfigureAwait(false);
        }

        if (!files.Any(file => file.EndsWith(SegmentSuffix, StringComparison.Ordinal)))
        {
            await RefuseSecondLifeAsync(options, cancellation).ConfigureAwait(false);
        }

        return options;
    }

    /// <summary>
    /// Tells a member with an empty log where the others are, which else the log tells. It would hear them without, but could not answer:
    /// not even vote for a leader, which in a group of two nobody becomes without it.
    /// </summary>
    public static async Task IntroduceAsync(RecoveredState recovered, CancellationToken cancellation)
    {
        if (!recovered.Replay.IsEmpty)
        {
            return;
        }

        NodeOptions options = recovered.Options;
        GroupDescription?[] answers = await AskOthersAsync(options, _foundersPatience, cancellation).ConfigureAwait(false);
        Membership founders = new(
            Configuration.Of(options.InitialMembers.Select(member => member.Id)),
            [.. options.InitialMembers.OrderBy(member => member.Id).Select(member => member.ToInfo())]);
        Membership known = answers.OfType<GroupDescription>().FirstOrDefault(group => group.ClusterId == options.ClusterId)?.Membership
            ?? founders;
        recovered.Replay.Members.Introduce(new MembersFrame(ulong.MaxValue, known), applied: 0);
    }

    private static async Task<NodeOptions> JoinAsync(NodeOptions options, CancellationToken cancellation)
    {
        GroupDescription?[] answers = await AskOthersAsync(options, options.RequestTimeout, cancellation).ConfigureAwait(false);
        GroupDescription[] groups = [.. answers.OfType<GroupDescription>().Where(group => group.Membership.Members.Length > 0)];
        if (groups.Length == 0)
        {
            throw new JoinException(
                "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs");
        }

        // A member that lags may not know of the announcement yet: one that does is enough.
        GroupDescription group = groups.FirstOrDefault(group => Mismatch(group, options) is null) ?? groups[0];
        if (Mismatch(group, options) is { } mismatch)
        {
            throw new JoinException($"error validating peerURLs {Describe(group)}: {mismatch}");
        }

        MemberInfo own = group.Membership.Members.First(member => HasUrls(member, options.PeerUrls));
        return options with { ClusterId = group.ClusterId, MemberId = own.Id };
    }

    private static async Task RefuseSecondLifeAsync(NodeOptions options, CancellationToken cancellation)
    {
        GroupDescription?[] answers = await AskOthersAsync(options, _foundersPatience, cancellation).ConfigureAwait(false);
        bool hasServed = answers.OfType<GroupDescription>().Any(
            group => group.Membership.Members.Any(member => member.Id == options.MemberId && member.ClientUrls.Length > 0));
        if (hasServed)
        {
            throw new JoinException($"member {options.MemberId:x} has already been bootstrapped");
        }
    }

    private static Task<GroupDescription?[]> AskOthersAsync(NodeOptions options, TimeSpan patience, CancellationToken cancellation) =>
        GroupQuestion.AskAsync(
            [.. options.InitialMembers.SelectMany(member => member.PeerUrls).Except(options.PeerUrls, StringComparer.Ordinal)],
            options.PeerTls,
            patience,
            options.Clock,
            cancellation);

    // What an operator wrote must name all members, each with the URLs that the group knows it by.
    private static string? Mismatch(GroupDescription group, NodeOptions options)
    {
        if (group.Membership.Members.Length != options.InitialMembers.Count)
        {
            return "member count is unequal";
        }

        MemberInfo? unknown = group.Membership.Members.FirstOrDefault(
            member => !options.InitialMembers.Any(named => HasUrls(member, named.PeerUrls)));
        return unknown is not null
            ? $"PeerURLs: no match found for existing member ({unknown.Id:x}, [{string.Join(' ', unknown.PeerUrls)}])"
            : group.Membership.Members.Any(member => HasUrls(member, options.PeerUrls)) ? null
            : $"PeerURLs: no member has those of this one, [{string.Join(' ', options.PeerUrls)}]";
    }

    private static bool HasUrls(MemberInfo member, IReadOnlyList<string> urls) =>
        member.PeerUrls.Order(StringComparer.Ordinal).SequenceEqual(urls.Order(StringComparer.Ordinal));

    private static string Describe(GroupDescription group)
    {
        IEnumerable<string> members = group.Membership.Members.Select(member =>
            $"&{{ID:{member.Id:x} RaftAttributes:{{PeerURLs:[{string.Join(' ', member.PeerUrls)}]"
            + $" IsLearner:{(group.Membership.Configuration.IsLearner(member.Id) ? "true" : "false")}}}"
            + $" Attributes:{{Name:{member.Name} ClientURLs:[{string.Join(' ', member.ClientUrls)}]}}}}");
        return $"{{ClusterID:{group.ClusterId:x} Members:[{string.Join(' ', members)}] RemovedMemberIDs:[]}}";
    }
}
