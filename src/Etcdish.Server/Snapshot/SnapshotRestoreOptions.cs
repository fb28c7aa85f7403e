using Etcdish.Server.Configuration;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// How a snapshot becomes a data directory. Name, URLs and token must be those that the server will be started with: they make the ids
/// that are written into the directory.
/// </summary>
public sealed record SnapshotRestoreOptions
{
    /// <summary>The directory to make; it must not exist, or be empty.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Name of the member.</summary>
    public string Name { get; init; } = "default";

    /// <summary>Members as name=peerURL pairs with commas between: this one alone. Empty says the same.</summary>
    public string InitialCluster { get; init; } = "";

    /// <summary>Token that sets the ids of clusters with equal members apart.</summary>
    public string InitialClusterToken { get; init; } = "etcd-cluster";

    /// <summary>The member's peer URLs.</summary>
    public IReadOnlyList<EtcdUrl> InitialAdvertisePeerUrls { get; init; } = [new EtcdUrl("http", "localhost", 2380)];

    /// <summary>Whether to take a file without the SHA-256 at its end, such as one copied from a data directory.</summary>
    public bool SkipHashCheck { get; init; }

    /// <summary>
    /// How far to raise the current revision, so that clients which saw revisions after the snapshot never see the same number with
    /// another content; 0 or more. Goes with <see cref="MarkCompacted"/>.
    /// </summary>
    public long BumpRevision { get; init; }

    /// <summary>Whether to compact at the raised revision, so that watchers with older revisions are told to read anew.</summary>
    public bool MarkCompacted { get; init; }

    /// <summary>Refuses what cannot be carried out.</summary>
    /// <exception cref="ArgumentException">One line that says what to change.</exception>
    public void Validate()
    {
        Demand(DataDirectory.Length > 0, "the data directory must be named");
        Demand(InitialAdvertisePeerUrls.Count > 0, "at least one peer URL must be given");
        Demand(BumpRevision >= 0, "the revision can be bumped upwards only");
        Demand(
            (BumpRevision > 0) == MarkCompacted,
            "--bump-revision and --mark-compacted go together: watchers of the revisions skipped must be told to read anew");
        ValidateCluster();
    }

    private void ValidateCluster()
    {
        if (InitialCluster.Length == 0)
        {
            return;
        }

        var urls = new List<string>();
        foreach (string member in InitialCluster.Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = member.IndexOf('=', StringComparison.Ordinal);
            Demand(equals > 0, $"\"{member}\" in the initial cluster has not the form name=peerURL");
            Demand(
                member[..equals] == Name,
                $"the initial cluster names \"{member[..equals]}\" beside \"{Name}\"; a snapshot is restored for one member");
            urls.Add(EtcdUrl.Parse(member[(equals + 1)..]).ToString());
        }

        Demand(
            urls.Order(StringComparer.Ordinal).SequenceEqual(
                InitialAdvertisePeerUrls.Select(url => url.ToString()).Order(StringComparer.Ordinal), StringComparer.Ordinal),
            $"the initial cluster has other peer URLs for \"{Name}\" than the initial advertise peer URLs");
    }

    private static void Demand(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
