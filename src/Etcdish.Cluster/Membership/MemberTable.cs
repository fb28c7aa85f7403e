using System.Collections.Immutable;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// The members as of the last applied entry, with what they told of themselves; and, beside it, where to reach members whose entry is in
/// the log but not applied, because a configuration is in force from the moment it is appended. The loop's thread changes it;
/// <see cref="Members"/> may be read from any thread.
/// </summary>
internal sealed class MemberTable
{
    private readonly ulong _self;
    private readonly SortedDictionary<ulong, MemberInfo> _members = [];
    private readonly SortedDictionary<ulong, MemberInfo> _announced = [];
    private readonly Dictionary<ulong, MemberInfo> _introduced = [];
    private ulong _introducedThrough;
    private Configuration _configuration;
    private volatile Membership _current;
    private volatile Membership _inForce;
    private volatile bool _isLearner;

    /// <summary>Starts from what a checkpoint held.</summary>
    /// <param name="membership">The members then.</param>
    /// <param name="self">This member.</param>
    public MemberTable(Membership membership, ulong self)
    {
        _self = self;
        _configuration = membership.Configuration;
        _current = _inForce = membership;
        Take(membership.Members);
    }

    /// <summary>The members as of the last applied entry. Any thread.</summary>
    public Membership Current => _current;

    /// <summary>The members in ascending order of ids. Any thread.</summary>
    public ImmutableArray<MemberInfo> Members => _current.Members;

    /// <summary>The configuration as of the last applied entry. Any thread.</summary>
    public Configuration Configuration => _current.Configuration;

    /// <summary>
    /// The members of the configuration in force, applied or not, which is what somebody who joins has to find himself in. Any thread.
    /// </summary>
    public Membership InForce => _inForce;

    /// <summary>Whether this member has no vote. Any thread.</summary>
    public bool IsLearner => _isLearner;

    /// <summary>Whether this member was removed for good. Any thread.</summary>
    public bool IsRemoved => _current.Configuration.IsRemoved(_self);

    /// <summary>Runs after another membership was applied, on the thread that applies.</summary>
    public Action? Applied { get; set; }

    /// <summary>An entry that carries these members is in the log, or about to be.</summary>
    public void Announce(ImmutableArray<MemberInfo> members)
    {
        foreach (MemberInfo member in members)
        {
            _announced[member.Id] = member;
        }
    }

    /// <summary>What was announced of a member is void: no entry carries it.</summary>
    public void Withdraw(ulong member) => _announced.Remove(member);

    /// <summary>The configuration in force is another: it has an entry in the log, or lost it.</summary>
    public void Follow(Configuration inForce) =>
        _inForce = new Membership(inForce, [.. inForce.Members().Select(Find).OfType<MemberInfo>()]);

    /// <summary>
    /// Where members are reached: those of the configuration in force, those that it leaves out for as long as that is not applied, since
    /// they have to hear of it, and those of whom a leader told.
    /// </summary>
    public IReadOnlyList<PeerAddress> Addresses()
    {
        SortedSet<ulong> members = [.. _inForce.Configuration.Members(), .. _configuration.Members(), .. _introduced.Keys];
        members.RemoveWhere(_configuration.IsRemoved);
        return
        [
            .. members.Select(member => _introduced.GetValueOrDefault(member) ?? Find(member)).OfType<MemberInfo>()
                .Select(member => new PeerAddress(member.Id, member.PeerUrls)),
        ];
    }

    /// <summary>A leader tells who is a member as its log has it, which counts until this log is as far.</summary>
    /// <param name="frame">What it says.</param>
    /// <param name="applied">The last entry applied here.</param>
    /// <returns>Whether that is news.</returns>
    public bool Introduce(in MembersFrame frame, ulong applied)
    {
        if (frame.Through <= applied || frame.Membership.Members.All(member => member.Equals(_introduced.GetValueOrDefault(member.Id))))
        {
            return false;
        }

        _introduced.Clear();
        foreach (MemberInfo member in frame.Membership.Members)
        {
            _introduced.Add(member.Id, member);
        }

        _introducedThrough = frame.Through;
        return true;
    }

    /// <summary>All entries up to an index are applied.</summary>
    /// <returns>Whether where members are reached may be another now.</returns>
    public bool AppliedThrough(ulong index)
    {
        if (_introduced.Count == 0 || index < _introducedThrough)
        {
            return false;
        }

        _introduced.Clear();
        return true;
    }

    /// <summary>Whether a member's name and client URLs are known as they are. Any thread.</summary>
    public bool Has(MemberInfo attributes)
    {
        foreach (MemberInfo member in Members)
        {
            if (member.Id == attributes.Id)
            {
                return member.Name == attributes.Name && member.ClientUrls.AsSpan().SequenceEqual(attributes.ClientUrls.AsSpan());
            }
        }

        return false;
    }

    /// <summary>The record of a configuration that the core proposes: with what is announced of its members.</summary>
    public ReadOnlyMemory<byte> EncodeProposed(Configuration configuration) => MembershipCodec.Encode(
        new Membership(configuration, [.. _announced.Values.Where(member => configuration.IsMember(member.Id))]));

    /// <summary>Applies a committed entry of the group.</summary>
    /// <exception cref="MalformedFrameException">The payload is no such entry.</exception>
    public void Apply(byte kind, ReadOnlySpan<byte> payload)
    {
        switch (kind)
        {
            case EntryKinds.Configuration:
                Apply(MembershipCodec.Decode(payload));
                break;
            case EntryKinds.MemberAttributes:
                MemberInfo told = MembershipCodec.DecodeAttributes(payload);
                Change(told.Id, member => member with { Name = told.Name, ClientUrls = told.ClientUrls });
                break;
            default:
                MemberInfo moved = MembershipCodec.DecodeAttributes(payload);
                Change(moved.Id, member => member with { PeerUrls = moved.PeerUrls });
                break;
        }

        Applied?.Invoke();
    }

    /// <summary>State of another member has taken the place of this one's.</summary>
    public void Reset(Membership membership)
    {
        _members.Clear();
        _announced.Clear();
        _introduced.Clear();
        Apply(membership);
        Follow(membership.Configuration);
        Applied?.Invoke();
    }

    private void Apply(Membership membership)
    {
        _configuration = membership.Configuration;
        foreach (ulong gone in _members.Keys.Where(member => !_configuration.IsMember(member)).ToList())
        {
            _members.Remove(gone);
        }

        Take(membership.Members);
    }

    // Who is known keeps what it told of itself: a configuration says only where it is reached.
    private void Take(ImmutableArray<MemberInfo> members)
    {
        foreach (MemberInfo member in members)
        {
            _announced.Remove(member.Id);
            _members[member.Id] = _members.TryGetValue(member.Id, out MemberInfo? known)
                ? known with { PeerUrls = member.PeerUrls }
                : member;
        }

        Show();
    }

    private void Change(ulong id, Func<MemberInfo, MemberInfo> change)
    {
        if (_members.TryGetValue(id, out MemberInfo? member))
        {
            _members[id] = change(member);
            Show();
        }
    }

    private MemberInfo? Find(ulong member) =>
        _announced.TryGetValue(member, out MemberInfo? info) || _members.TryGetValue(member, out info) ? info : null;

    private void Show()
    {
        _current = new Membership(_configuration, [.. _members.Values]);
        _isLearner = _configuration.IsLearner(_self);
        Follow(_inForce.Configuration);
    }
}
