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
    private readonly SortedDictionary<ulong, MemberInfo> _members = [];
    private readonly SortedDictionary<ulong, MemberInfo> _announced = [];
    private volatile IReadOnlyList<MemberInfo> _snapshot = [];

    /// <summary>Starts from what a checkpoint held.</summary>
    public MemberTable(Membership membership)
    {
        Configuration = membership.Configuration;
        Take(membership.Members);
    }

    /// <summary>The members in ascending order of ids.</summary>
    public IReadOnlyList<MemberInfo> Members => _snapshot;

    /// <summary>The configuration as of the last applied entry.</summary>
    public Configuration Configuration { get; private set; }

    /// <summary>An entry that carries these members is in the log, or about to be.</summary>
    public void Announce(ImmutableArray<MemberInfo> members)
    {
        foreach (MemberInfo member in members)
        {
            _announced[member.Id] = member;
        }
    }

    /// <summary>Where the members of a configuration are reached, applied or not.</summary>
    public IReadOnlyList<PeerAddress> AddressesOf(Configuration configuration)
    {
        List<PeerAddress> addresses = [];
        foreach (ulong member in configuration.Members())
        {
            if (_announced.TryGetValue(member, out MemberInfo? info) || _members.TryGetValue(member, out info))
            {
                addresses.Add(new PeerAddress(member, info.PeerUrls));
            }
        }

        return addresses;
    }

    /// <summary>Whether a member's name and client URLs are known as they are. Any thread.</summary>
    public bool Has(MemberInfo attributes)
    {
        foreach (MemberInfo member in _snapshot)
        {
            if (member.Id == attributes.Id)
            {
                return member.Name == attributes.Name && member.ClientUrls.SequenceEqual(attributes.ClientUrls);
            }
        }

        return true;
    }

    /// <summary>The record of a configuration that the core proposes: with what is announced of its members.</summary>
    public ReadOnlyMemory<byte> EncodeProposed(Configuration configuration) => MembershipCodec.Encode(
        new Membership(configuration, [.. _announced.Values.Where(member => configuration.IsMember(member.Id))]));

    /// <summary>Applies a committed entry of the group.</summary>
    /// <exception cref="MalformedFrameException">The payload is no such entry.</exception>
    public void Apply(byte kind, ReadOnlySpan<byte> payload)
    {
        if (kind == EntryKinds.Configuration)
        {
            Apply(MembershipCodec.Decode(payload));
        }
        else
        {
            Apply(MembershipCodec.DecodeAttributes(payload));
        }
    }

    /// <summary>State that was received took the place of all that was applied.</summary>
    public void Replace(Membership membership)
    {
        _members.Clear();
        Configuration = membership.Configuration;
        Take(membership.Members);
    }

    private void Apply(Membership membership)
    {
        Configuration = membership.Configuration;
        foreach (ulong gone in _members.Keys.Where(member => !Configuration.IsMember(member)).ToList())
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

        _snapshot = [.. _members.Values];
    }

    private void Apply(MemberInfo attributes)
    {
        if (_members.TryGetValue(attributes.Id, out MemberInfo? member))
        {
            _members[attributes.Id] = member with { Name = attributes.Name, ClientUrls = attributes.ClientUrls };
            _snapshot = [.. _members.Values];
        }
    }
}
