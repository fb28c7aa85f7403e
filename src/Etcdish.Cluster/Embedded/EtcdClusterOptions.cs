using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster;

/// <summary>What a member of an embedded group is. Values are checked when it starts, before anything is touched.</summary>
public sealed record EtcdClusterOptions
{
    /// <summary>This member's name, one of <see cref="Members"/>.</summary>
    public required string Name { get; init; }

    /// <summary>This member's own folder; made when missing. One process at a time may have it open.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>
    /// The members that a new group starts with, this one among them, and alike on each: their names, and the URL at which the others
    /// reach each (http or https, a host, a port; several separated by commas). Three members survive the loss of one, five of two.
    /// Who belongs to a group that runs is in its log: a folder that belongs to a group already is not changed by this.
    /// </summary>
    /// <remarks>For a member that joins (<see cref="JoinsExistingGroup"/>) all members that the group has by now.</remarks>
    public required IReadOnlyDictionary<string, string> Members { get; init; }

    /// <summary>
    /// Whether the group runs already and awaits this member, which was announced to it by <see cref="EtcdCluster.AddMemberAsync"/>. Ignored
    /// when the folder belongs to a member already.
    /// </summary>
    public bool JoinsExistingGroup { get; init; }

    /// <summary>Tells groups apart that have members with the same URLs, such as one of yesterday's test. Alike on each member.</summary>
    public string Token { get; init; } = "etcd-cluster";

    /// <summary>
    /// Where to listen for the other members, when that is not what <see cref="Members"/> says of this one: behind an address translation,
    /// or when its URL has a host name (http://0.0.0.0:2380). An address or localhost.
    /// </summary>
    public IReadOnlyList<string> ListenUrls { get; init; } = [];

    /// <summary>Certificates between members, for https URLs. Null: none, and whoever reaches the port can be a member.</summary>
    public PeerTlsOptions? PeerTls { get; init; }

    /// <summary>
    /// What this member tells the group of where the program's own clients reach it; shown with its members, else unused. Empty: its URL
    /// among <see cref="Members"/>.
    /// </summary>
    public IReadOnlyList<string> ClientUrls { get; init; } = [];

    /// <summary>
    /// Time between a leader's heartbeats: about the round trip between members, from 1 ms. Alike on each member.
    /// </summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Time without a leader after which another is elected: ten heartbeats, and at least two. Alike on each member.
    /// </summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a request waits for leader, quorum and disk before it fails with Timeout. From 1 ms.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>
    /// Settings of the store. Its <see cref="EtcdStoreOptions.MinLeaseTtl"/> is raised to one and a half election timeouts, and it has the
    /// clock and the notices of the member too.
    /// </summary>
    public EtcdStoreOptions Store { get; init; } = new();

    /// <exception cref="ArgumentException">Says which value is wrong, and how.</exception>
    internal NodeOptions ToNodeOptions()
    {
        ClusterMember[] members = ReadMembers();
        ClusterMember own = members.FirstOrDefault(member => member.Name == Name) ?? throw new ArgumentException(
            $"the members of the group do not name this one, \"{Name}\": {string.Join(", ", members.Select(member => member.Name))}");
        return Store.ToNodeOptions(DataDirectory) with
        {
            Name = Name,
            MemberId = own.Id,
            ClusterId = MemberIdentity.ClusterId(members.Select(member => member.Id)),
            InitialMembers = members,
            PeerUrls = own.PeerUrls,
            PeerListenUrls = CheckListening(ListenUrls.Count > 0 ? ListenUrls : own.PeerUrls),
            PeerTls = PeerTls,

            // Who has told anything has served, and is not let in again as a founder with an empty folder, without its vote.
            ClientUrls = ClientUrls.Count > 0 ? ClientUrls : own.PeerUrls,
            JoinsExistingGroup = JoinsExistingGroup,
            HeartbeatInterval = HeartbeatInterval,
            ElectionTimeout = ElectionTimeout,
            RequestTimeout = RequestTimeout,
            MinLeaseTtl = (long)Math.Ceiling(Math.Max(Store.MinLeaseTtl.TotalSeconds, 1.5 * ElectionTimeout.TotalSeconds)),
        };
    }

    private ClusterMember[] ReadMembers()
    {
        ArgumentNullException.ThrowIfNull(Members);
        Dictionary<string, string> owners = [];
        List<ClusterMember> members = [];
        foreach ((string name, string urls) in Members)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(name, nameof(Members));
            string[] peerUrls =
            [
                .. urls.Split(',').Select(url => PeerUrl.Parse(url).ToString()).Order(StringComparer.Ordinal),
            ];
            foreach (string url in peerUrls)
            {
                if (!owners.TryAdd(url, name))
                {
                    throw new ArgumentException($"the members \"{owners[url]}\" and \"{name}\" of the group have the same URL {url}");
                }
            }

            members.Add(new ClusterMember(MemberIdentity.MemberId(peerUrls, Token), name, peerUrls, []));
        }

        return [.. members];
    }

    private IReadOnlyList<string> CheckListening(IReadOnlyList<string> urls)
    {
        foreach (string url in urls)
        {
            PeerUrl parsed = PeerUrl.Parse(url);
            _ = parsed.ToListenEndPoint();
            if (parsed.IsSecure && PeerTls is null)
            {
                throw new ArgumentException($"to listen for peers on {url} takes a certificate: {nameof(PeerTls)} has none");
            }
        }

        return urls;
    }
}
