using System.Net;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Serving;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Dns;

/// <summary>Names as the C library of a pod looks them up, by the search path of its resolv.conf.</summary>
public sealed class SearchPathTests
{
    [Test]
    public async Task The_C_library_finds_services_by_short_names()
    {
        Tools.Require("getent", "apt-get install libc-bin");
        using var network = NamespaceNetwork.Create(1);
        using var folder = new TemporaryFolder();
        var address = IPAddress.Parse(network.AddressOf(253));
        using var stop = new CancellationTokenSource();
        using var server = DnsServer.Open([new IPEndPoint(address, ResolvConf.DnsPort)]);
        var bench = new ZoneBench();
        bench.Put(ZoneBench.Service("web", ["10.96.0.5"]));
        var serving = server.RunAsync(bench.Responder, bench.Forwarder, TimeProvider.System, StreamLimits.Default, stop.Token);
        await File.WriteAllTextAsync(
            folder.File("resolv.conf"),
            $"nameserver {address}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n");
        try
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(LookUp(network, folder, "web"), Does.Contain("10.96.0.5").And.Contains("web.default.svc.cluster.local"));
                Assert.That(LookUp(network, folder, "web.default"), Does.Contain("10.96.0.5"));
                Assert.That(LookUp(network, folder, "web.default.svc"), Does.Contain("10.96.0.5"));
                Assert.That(LookUp(network, folder, "WEB.default.svc.cluster.local."), Does.Contain("10.96.0.5"));
                Assert.That(LookUp(network, folder, "none"), Is.Empty);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await serving;
        }
    }

    private static string LookUp(NamespaceNetwork network, TemporaryFolder folder, string name)
    {
        string[] command =
        [
            .. network.LauncherOf(0), "unshare", "--mount", "sh", "-c",
            $"mount --bind {folder.File("resolv.conf")} /etc/resolv.conf && exec getent ahostsv4 {name}",
        ];
        using var process = ChildProcess.Start(command[0], command[1..]);
        process.WaitForExit(TimeSpan.FromSeconds(30));
        return process.StandardOutput.Text;
    }
}
