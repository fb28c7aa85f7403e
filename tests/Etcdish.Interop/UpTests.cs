using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>
/// How <c>etcdish up</c> treats those who start it for the first time: what it says of mistakes, and what a stop leaves behind. The cluster has
/// a network of its own, and pods are processes.
/// </summary>
[NonParallelizable]
public sealed class UpTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(40);

    [Test]
    public void A_stop_ends_pods_that_do_not_heed_it_and_leaves_nothing_in_the_kernel()
    {
        Tools.Require("nft", "apt-get install nftables");
        using var network = NamespaceNetwork.Create(1);
        var launcher = network.NetworkLauncherOf(0);
        Run([.. launcher, "ip", "route", "add", "default", "via", network.Outside]);
        using var server = new KubernetesServer(
            onGenuineEtcd: false,
            up:
            [
                "--runtime", "process", "--node-name", "here", "--node-ip", network.AddressOf(0), "--eviction-hard", "",
                "--stop-grace-period", "3s",
            ],
            launcher: launcher);
        var marker = Sleepers.NewMarker();
        server.Run($$"""
            run stubborn --image=none --command -- sh -c "trap '' TERM; sleep {{marker}}" => .*created
            expose pod stubborn --port 80 => .*exposed
            wait --for=condition=Ready pod/stubborn --timeout=30s => .*
            """);
        Assert.That(Sleepers.Find(marker), Is.Not.Empty);
        Assert.That(Run([.. launcher, "nft", "list", "tables"]).StandardOutput, Does.Contain("kube-proxy"));

        server.Stop();

        Assert.That(Sleepers.Find(marker), Is.Empty);
        Assert.That(Run([.. launcher, "nft", "list", "tables"]).StandardOutput, Is.Empty);
    }

    [Test]
    public void A_port_and_a_folder_that_are_taken_are_told_in_a_line()
    {
        using var folder = new TemporaryFolder();
        using var other = new TemporaryFolder();
        string[] quiet = ["--disable-kubelet", "--disable-network"];
        using var first = ChildProcess.Start(
            EtcdishServer.ExecutablePath, ["up", "--data-dir", folder.FullPath, "--https-listen-port", "0", .. quiet]);
        Assert.That(first.StandardOutput.Wait(text => text.Contains("ready: ", StringComparison.Ordinal), _patience), Is.True, first.Describe);
        var port = Regex.Match(first.StandardOutput.Text, @"https://127\.0\.0\.1:(\d+)").Groups[1].Value;

        var samePort = Etcdish(["up", "--data-dir", other.FullPath, "--https-listen-port", port, .. quiet]);
        var sameFolder = Etcdish(["up", "--data-dir", folder.FullPath, "--https-listen-port", "0", .. quiet]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((samePort.ExitCode, sameFolder.ExitCode), Is.EqualTo((1, 1)));
            Assert.That(samePort.StandardError, Does.Match($@"^etcdish up: port {port} is taken[^\n]*\n$"));
            Assert.That(sameFolder.StandardError, Does.Match(@"^etcdish up: \S+ is in use[^\n]*\n$"));
        }
    }

    [Test]
    public void Mistakes_on_the_command_line_are_told_in_lines_and_a_missing_verb_by_those_that_there_are()
    {
        var bogus = Etcdish("up", "--bogus");
        var bare = Etcdish();
        var help = Etcdish("up", "--help");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bogus.ExitCode, Is.EqualTo(1));
            Assert.That(bogus.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo((string[])
            [
                "etcdish: Unrecognized command or argument '--bogus'.",
                "etcdish: etcdish up --help tells what there is",
            ]));
            Assert.That(bare.ExitCode, Is.EqualTo(1));
            Assert.That(bare.StandardError, Does.Match(@"\n  up +Run a cluster in one process\n"));
            Assert.That(help.ExitCode, Is.Zero);
            Assert.That(help.StandardOutput, Does.Match(@"(?s)\nCluster:\n.*\nThis machine as a node:\n.*--stop-grace-period <time>.*\[10s\].*\nExamples:"));
            Assert.That(help.StandardOutput.Split('\n'), Has.All.Length.LessThanOrEqualTo(120));
        }
    }

    private static CommandResult Etcdish(params string[] arguments) => Run([EtcdishServer.ExecutablePath, .. arguments]);

    private static CommandResult Run(string[] command)
    {
        using var process = ChildProcess.Start(command[0], command[1..]);
        var exitCode = process.WaitForExit(_patience);
        return new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text);
    }
}
