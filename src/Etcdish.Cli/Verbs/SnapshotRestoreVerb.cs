using System.CommandLine;
using Etcdish.Server.Configuration;
using Etcdish.Server.Snapshot;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish snapshot restore: a snapshot becomes a data directory for `etcdish server`, with etcdutl's flags.</summary>
internal static class SnapshotRestoreVerb
{
    private const string Help = """
        Make a data directory from a snapshot of etcd or etcdish. No server is asked; the directory must not exist, or be empty. Start
        the server afterwards with the same name, peer URLs and token.

        Examples:
          etcdish snapshot restore backup.db --data-dir /var/lib/etcdish
          etcdish snapshot restore backup.db --data-dir /var/lib/etcdish --bump-revision 1000000000 --mark-compacted
          etcdish snapshot restore /var/lib/etcd/member/snap/db --skip-hash-check --data-dir /var/lib/etcdish
        """;

    private static readonly Argument<string> _path = SnapshotVerb.File();
    private static readonly Option<bool> _skipHashCheck = SnapshotVerb.SkipHashCheck();

    private static readonly Option<string?> _dataDirectory = new("--data-dir")
    {
        Description = "The directory to make [default: <name>.etcd].",
    };

    private static readonly Option<string> _name = new("--name")
    {
        Description = "Name of the member.",
        DefaultValueFactory = _ => "default",
    };

    private static readonly Option<string> _cluster = new("--initial-cluster")
    {
        Description = "Members as name=peerURL,...: this one alone, which is also the default.",
        DefaultValueFactory = _ => "",
    };

    private static readonly Option<string> _token = new("--initial-cluster-token")
    {
        Description = "Token that sets the IDs of clusters with equal members apart.",
        DefaultValueFactory = _ => "etcd-cluster",
    };

    private static readonly Option<string> _peerUrls = new("--initial-advertise-peer-urls")
    {
        Description = "The member's peer URLs with commas between.",
        DefaultValueFactory = _ => "http://localhost:2380",
    };

    private static readonly Option<long> _bumpRevision = new("--bump-revision")
    {
        Description = "Raise the revision by so many, past all that clients have seen since the snapshot; needs --mark-compacted.",
    };

    private static readonly Option<bool> _markCompacted = new("--mark-compacted")
    {
        Description = "Compact at the raised revision, so that watchers read anew; needs --bump-revision.",
    };

    public static Command Command() => new Command("restore", Help)
    {
        _path, _dataDirectory, _skipHashCheck, _bumpRevision, _markCompacted, _name, _cluster, _token, _peerUrls,
    }.Offline(Restore);

    private static void Restore(ParseResult parsed, CancellationToken cancellation)
    {
        string name = parsed.GetRequiredValue(_name);
        string directory = parsed.GetValue(_dataDirectory) ?? name + ".etcd";
        RestoredSnapshot restored = SnapshotRestorer.Restore(
            parsed.GetRequiredValue(_path),
            new SnapshotRestoreOptions
            {
                DataDirectory = directory,
                Name = name,
                InitialCluster = parsed.GetRequiredValue(_cluster),
                InitialClusterToken = parsed.GetRequiredValue(_token),
                InitialAdvertisePeerUrls = [.. parsed.GetRequiredValue(_peerUrls).Split(',').Select(EtcdUrl.Parse)],
                SkipHashCheck = parsed.GetValue(_skipHashCheck),
                BumpRevision = parsed.GetValue(_bumpRevision),
                MarkCompacted = parsed.GetValue(_markCompacted),
            },
            cancellation);
        Console.WriteLine(
            $"Snapshot restored to {directory}\nrevision {restored.Revision}, compacted {restored.CompactedRevision}, "
            + $"keys {restored.Keys}, versions {restored.Versions}, leases {restored.Leases}");
    }
}
