using System.Text.Json;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>`etcdish snapshot` as an operator uses it, on backups of genuine etcd and of etcdish.</summary>
public class SnapshotTests
{
    private TemporaryFolder _folder = null!;

    private string Backup => _folder.File("backup.db");

    private string Data => _folder.File("data");

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void A_backup_of_etcd_is_inspected_restored_and_served()
    {
        Save<GenuineEtcd>();

        CommandResult status = Run("snapshot", "status", Backup, "-w", "json");
        CommandResult etcdctls = new EtcdCtl("127.0.0.1:1").Run(["snapshot", "status", Backup, "-w", "json"]);
        CommandResult restored = Restore();

        Assert.That(status.ExitCode, Is.Zero, status.ToString());
        foreach (string number in (string[])["hash", "revision", "totalSize"])
            Assert.That(Number(status, number), Is.EqualTo(Number(etcdctls, number)), number);
        Assert.That(Number(status, "totalKey"), Is.EqualTo(2), "as etcdutl counts; etcdctl 3.4 counts the pairs of all buckets");
        Assert.That(restored.ExitCode, Is.Zero, restored.ToString());
        Assert.That(restored.StandardOutput, Does.Contain("revision 4, compacted 0, keys 2, versions 3, leases 0"));
        ExpectServed();
    }

    [Test]
    public void A_backup_of_etcdish_made_by_etcdish_is_restored_and_served()
    {
        Save<EtcdishServer>(saveWithOurs: true);

        CommandResult table = Run("snapshot", "status", Backup);
        CommandResult restored = Restore();

        Assert.That(table.StandardOutput, Does.Contain("| TOTAL KEYS |").And.Contain(" 3.6.0 |"));
        Assert.That(restored.ExitCode, Is.Zero, restored.ToString());
        ExpectServed();
    }

    [Test]
    public void What_cannot_be_restored_ends_with_one_line_and_1()
    {
        Save<GenuineEtcd>();
        byte[] bytes = File.ReadAllBytes(Backup);
        bytes[5000] ^= 1;
        File.WriteAllBytes(_folder.File("damaged.db"), bytes);
        Directory.CreateDirectory(_folder.File("taken"));
        File.WriteAllText(Path.Combine(_folder.File("taken"), "file"), "");

        Fails("SHA-256", "restore", _folder.File("damaged.db"), "--data-dir", Data);
        Fails("SHA-256", "status", _folder.File("damaged.db"));
        Fails("not empty", "restore", Backup, "--data-dir", _folder.File("taken"));
        Fails("go together", "restore", Backup, "--data-dir", Data, "--bump-revision", "5");
        Fails("URL scheme", "restore", Backup, "--data-dir", Data, "--initial-advertise-peer-urls", "here");
        Fails("no-such-file", "restore", _folder.File("no-such-file"), "--data-dir", Data);
        Assert.That(Directory.Exists(Data), Is.False);
    }

    [Test]
    public void Help_shows_examples()
    {
        Assert.That(Run("snapshot", "restore", "--help").StandardOutput, Does.Contain("Examples:").And.Contain("--bump-revision"));
        Assert.That(Run("snapshot", "status", "--help").StandardOutput, Does.Contain("Examples:").And.Contain("--write-out"));
        Assert.That(Run("snapshot", "save", "--help").StandardOutput, Does.Contain("Example:"));
    }

    private static CommandResult Run(params string[] arguments)
    {
        using ChildProcess process = ChildProcess.Start(EtcdishServer.ExecutablePath, arguments, new Dictionary<string, string>());
        int exitCode = process.WaitForExit(TimeSpan.FromSeconds(30));
        return new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text);
    }

    private static void Fails(string why, params string[] arguments)
    {
        CommandResult result = Run(["snapshot", .. arguments]);
        Assert.That(result.ExitCode, Is.EqualTo(1), result.ToString());
        Assert.That(result.StandardError.TrimEnd(), Does.StartWith("etcdish: ").And.Contain(why).And.Not.Contain("\n"));
    }

    private static long Number(CommandResult result, string name) =>
        JsonDocument.Parse(result.StandardOutput).RootElement.GetProperty(name).GetInt64();

    private void Save<TServer>(bool saveWithOurs = false)
        where TServer : ServerProcess
    {
        using ServerProcess server = typeof(TServer) == typeof(GenuineEtcd) ? new GenuineEtcd() : new EtcdishServer();
        server.Start();
        var ctl = new EtcdCtl(server.ClientUrl);
        foreach (string command in (string[])["put a 1", "put b 2", "put a 3"])
            Assert.That(ctl.Run(command).ExitCode, Is.Zero);
        CommandResult saved = saveWithOurs
            ? Run("snapshot", "save", Backup, "--endpoints", server.ClientUrl)
            : ctl.Run(["snapshot", "save", Backup]);
        Assert.That(saved.ExitCode, Is.Zero, saved.ToString());
    }

    private CommandResult Restore() => Run("snapshot", "restore", Backup, "--data-dir", Data, "--initial-cluster-token", "restored");

    private void ExpectServed()
    {
        using var server = new EtcdishServer(Data)
        {
            ExtraArguments =
            [
                "--initial-cluster-token", "restored",
                "--initial-advertise-peer-urls", "http://localhost:2380",
                "--initial-cluster", "default=http://localhost:2380",
            ],
        };
        server.Start();
        var ctl = new EtcdCtl(server.ClientUrl);
        Assert.That(ctl.Run("get a --rev 2 --print-value-only").StandardOutput, Is.EqualTo("1\n"));
        Assert.That(ctl.Run("get a --print-value-only").StandardOutput, Is.EqualTo("3\n"));
        Assert.That(ctl.Run("put b next").ExitCode, Is.Zero);
    }
}
