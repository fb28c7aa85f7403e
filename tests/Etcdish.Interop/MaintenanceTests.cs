using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>What operators do with etcdctl, next to genuine etcd.</summary>
public class MaintenanceTests
{
    [Test]
    public void Endpoints_members_and_alarms() => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, """
            put a 1
            endpoint health
            endpoint health -w json
            endpoint status -w json
            endpoint status -w fields
            endpoint health --cluster
            endpoint frobnicate
            member list
            member list -w json
            member list -w fields
            alarm list
            alarm disarm
            defrag
            defrag --cluster
            move-leader 1234
            member remove 1234
            member update 1234 --peer-urls http://127.0.0.1:1
            member promote 1234
            get a -w json
            """);
        Shape(session, "endpoint status");
        Shape(session, "endpoint status -w table");
        Shape(session, "endpoint hashkv");
        Shape(session, "endpoint hashkv -w json");
        Shape(session, "member list -w table");
        session.Run("endpoint hashkv --rev 99");
    });

    [Test]
    public void Quota_and_its_alarm() => SideBySide.Compare(
        session =>
        {
            string big = new('x', 1_400_000);
            CommandResult last = session.Ctl.Run(["put", "big"], big);
            for (int i = 0; i < 40 && last.ExitCode == 0; i++)
                last = session.Ctl.Run(["put", $"big{i}"], big);
            session.Note("the put that found the store full", last.ToString());
            KeyValueTests.Table(session, """
                put small 1
                alarm list
                get big --keys-only
                lease grant 10
                """);
            // How many fit is each server's own affair; that deletes work although the store is full is not.
            session.Note("exit code of del", session.Ctl.Run("del big --prefix").ExitCode.ToString());
            string exitCode = session.Ctl.Run("endpoint health").ExitCode.ToString();
            session.Note("exit code of endpoint health", exitCode);
        },
        "--quota-backend-bytes", "16777216");

    [Test]
    public void A_snapshot_is_a_store_that_etcd_opens() => SideBySide.Compare(session =>
    {
        KeyValueTests.Table(session, """
            put a 1
            put a 2
            put b 3
            del a
            put c 4
            compaction 4
            snapshot save {folder}/snapshot.db
            """);
        using var folder = new TemporaryFolder();
        string file = folder.File("snapshot.db");
        CommandResult saved = session.Ctl.Run(["snapshot", "save", file]);
        Assert.That(saved.ExitCode, Is.Zero, saved.ToString());
        string status = session.Ctl.Run(["snapshot", "status", file, "-w", "json"]).ToString();
        session.Note("snapshot status", Regex.Replace(status, "\"(hash|totalKey|totalSize)\":\\d+", "\"$1\":#"));

        string data = folder.File("restored");
        session.Note("exit code of restore", session.Ctl.Run(["snapshot", "restore", file, "--data-dir", data]).ExitCode.ToString());
        using var restored = new RestoredEtcd(data);
        restored.Start();
        var ctl = new EtcdCtl(restored.ClientUrl);
        session.Note("what the restored etcd holds", ctl.Run(["get", "", "--prefix", "-w", "json"]).ToString());
        session.Note("what it held before", ctl.Run(["get", "", "--prefix", "-w", "json", "--rev", "4"]).ToString());
    });

    [Test]
    public void A_mirror_follows_in_both_directions([Values] bool fromCandidate)
    {
        using ServerProcess genuine = new GenuineEtcd();
        using ServerProcess candidate = SideBySide.CreateCandidate();
        genuine.Start();
        candidate.Start();
        ServerProcess source = fromCandidate ? candidate : genuine;
        ServerProcess target = fromCandidate ? genuine : candidate;
        using var from = new Session(source);
        using var to = new Session(target);
        KeyValueTests.Table(from, "put a 1\nput b 2\nput c 3\ndel b");
        ChildProcess watch = to.Start("watch \"\" --prefix --rev 1");
        ChildProcess mirror = from.Start($"make-mirror 127.0.0.1:{target.ClientPort}");
        to.Await(watch, "c\n3");
        KeyValueTests.Table(from, "put d 4\ndel a\nput d 5\nput last theend");
        to.Await(watch, "theend");
        string want = from.Ctl.Run(["get", "", "--prefix"]).ToString();
        Assert.That(to.Ctl.Run(["get", "", "--prefix"]).ToString(), Is.EqualTo(want), mirror.Describe());
    }

    [Test]
    public void Check_perf_passes_at_a_small_load()
    {
        using ServerProcess candidate = SideBySide.CreateCandidate();
        candidate.Start();
        CommandResult result = new EtcdCtl(candidate.ClientUrl).Run(["check", "perf", "--load", "s"], limit: TimeSpan.FromSeconds(90));
        // The slowest request says more about a busy machine than about the server, so only the throughput must pass.
        Assert.That(result.StandardOutput, Does.Contain("PASS: Throughput is"), result.ToString());
        Assert.That(result.StandardOutput, Does.Match("(PASS|FAIL): (Slowest|Stddev)|Slowest request"), result.ToString());
        CommandResult left = new EtcdCtl(candidate.ClientUrl).Run("get /etcdctl-check-perf/ --prefix --keys-only");
        Assert.That(left.StandardOutput, Is.Empty);
    }

    [Test]
    public void Requests_to_nobody() => SideBySide.Compare(session =>
    {
        session.Server.Kill();
        session.Run("get a --command-timeout 1s --dial-timeout 1s");
        session.Run("endpoint health --command-timeout 1s");
    });

    // Numbers that belong to one server stay out; what remains is which columns there are.
    private static void Shape(Session session, string line)
    {
        CommandResult result = session.Ctl.Run(line);
        string numberless = Regex.Replace(result.ToString(), @"\b[0-9a-f]{14,16}\b|[\d.]+ ?[kM]?B|\d+(\.\d+)*|-+", "#");
        session.Note(line, Regex.Replace(numberless, " +", " "));
    }

    /// <summary>etcd on a folder that `snapshot restore` made with its default member.</summary>
    private sealed class RestoredEtcd(string dataDirectory) : ServerProcess(dataDirectory)
    {
        public override string Name => "etcd on the restored snapshot";

        protected override string Executable { get; } = Tools.Etcd();

        protected override IEnumerable<string> Arguments =>
        [
            "--data-dir", DataDirectory,
            "--listen-client-urls", ClientUrl,
            "--advertise-client-urls", ClientUrl,
            "--listen-peer-urls", PeerUrl,
        ];
    }
}
