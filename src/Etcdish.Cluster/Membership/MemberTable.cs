using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// The members as of the last applied entry, with what they told of themselves; and, beside it, where to reach members whose entry is in the
/// log but not applied, because a configuration is in force from the moment it is appended. The loop's thread changes it; <see cref="Members"/>
/// may be read from any thread.
/// </summary>
internal sealed class MemberTable
{
    private readonly SortedDictionary<ulong, MemberRecord> _members = [];
    private readonly Dictionary<ulong, MemberRecord> _announced = [];
    private volatile IReadOnlyList<MemberRecord> _snapshot = [];

    /// <summary>The members in ascending order of ids.</summary>
    public IReadOnlyList<MemberRecord> Members => _snapshot;

    /// <summary>The configuration as of the last applied entry.</summary>
    public Configuration Configuration { get; private set; } = Configuration.Empty;

    /// <summary>Takes over what a checkpoint held.</summary>
    public void Load(Configuration configuration, IEnumerable<MemberRecord> members)
    {
        Configuration = configuration;
        foreach (MemberRecord member in members)
        {
            _members[member.Id] = member;
        }

        Publish();
    }

    /// <summary>An entry with these records is in the log, or about to be.</summary>
    public void Announce(IEnumerable<MemberRecord> members)
    {
        foreach (MemberRecord member in members)
        {
            _announced[member.Id] = member;
        }
    }

    /// <summary>What is known of a member, applied or not.</summary>
    public MemberRecord? Find(ulong member) =>
        _announced.TryGetValue(member, out MemberRecord? announced) ? announced : _members.GetValueOrDefault(member);

    /// <summary>The record of a configuration that the core proposes: with what is announced of its new members.</summary>
    public ReadOnlyMemory<byte> EncodeProposed(Configuration configuration)
    {
        List<MemberRecord> added = [];
        foreach (ulong member in configuration.Members())
        {
            if (_announced.TryGetValue(member, out MemberRecord? announced))
            {
                added.Add(announced);
            }
        }

        return new ConfigurationEntry(configuration, added).Encode();
    }

    /// <summary>Applies a committed entry of the group.</summary>
    /// <exception cref="InvalidDataException">The payload is no such entry.</exception>
    public void Apply(byte kind, ReadOnlySpan<byte> payload)
    {
        if (kind == EntryKinds.Configuration)
        {
            Apply(ConfigurationEntry.Decode(payload));
        }
        else
        {
            Apply(MemberAttributesEntry.Decode(payload));
        }

        Publish();
    }

    private void Apply(ConfigurationEntry entry)
    {
        Configuration = entry.Configuration;
        foreach (MemberRecord member in entry.Members)
        {
            _announced.Remove(member.Id);
            _members[member.Id] = _members.TryGetValue(member.Id, out MemberRecord? known)
                ? known with { PeerUrls = member.PeerUrls }
                : member;
        }

        foreach (ulong gone in _members.Keys.Where(member => !Configuration.IsMember(member)).ToList())
        {
            _members.Remove(gone);
        }
    }

    private void Apply(MemberAttributesEntry entry)
    {
        if (_members.TryGetValue(entry.Id, out MemberRecord? member))
        {
            _members[entry.Id] = member with { Name = entry.Name, ClientUrls = entry.ClientUrls };
        }
    }

    private void Publish() => _snapshot = [.. _members.Values];
}
