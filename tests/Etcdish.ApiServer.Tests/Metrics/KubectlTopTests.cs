using System.Text.RegularExpressions;
using Etcdish.ApiServer.Tests.Streaming;

namespace Etcdish.ApiServer.Tests.Metrics;

/// <summary>What nodes and pods use, as the unmodified kubectl shows it.</summary>
public sealed class KubectlTopTests
{
    private static StreamingCluster _cluster = null!;

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        _cluster = await StreamingCluster.StartAsync();
        await _cluster.AddPodAsync("busy", "node-1", "main", "side");
        await _cluster.AddPodAsync("new", "node-1", "main");
        await _cluster.SendAsync(
            HttpMethod.Patch, "/api/v1/nodes/node-1/status", """{"status":{"allocatable":{"cpu":"4","memory":"4Gi"},"capacity":{"cpu":"4","memory":"4Gi"}}}""");
        _cluster.Kubelet.Metrics = new KubeletText()
            .Add("default", "web", "main", 0.1, 20 << 20)
            .Add("default", "busy", "main", 1.5, 10 << 20).Add("default", "busy", "side", 0.25, 5 << 20).Next;
    }

    [OneTimeTearDown]
    public static async Task StopAsync() => await _cluster.DisposeAsync();

    [TestCase("node", "NAME CPU(cores) CPU(%) MEMORY(bytes) MEMORY(%)\nnode-1 2000m 50% 1024Mi 25%")]
    [TestCase("node node-1 --no-headers", "node-1 2000m 50% 1024Mi 25%")]
    [TestCase("pod", "NAME CPU(cores) MEMORY(bytes)\nbusy 1750m 15Mi\nweb 100m 20Mi")]
    [TestCase("pod --sort-by=cpu", "NAME CPU(cores) MEMORY(bytes)\nbusy 1750m 15Mi\nweb 100m 20Mi")]
    [TestCase("pod --sort-by=memory", "NAME CPU(cores) MEMORY(bytes)\nweb 100m 20Mi\nbusy 1750m 15Mi")]
    [TestCase("pod --containers", "POD NAME CPU(cores) MEMORY(bytes)\nbusy main 1500m 10Mi\nbusy side 250m 5Mi\nweb main 100m 20Mi")]
    [TestCase("pod -A --sum", "NAMESPACE NAME CPU(cores) MEMORY(bytes)\ndefault busy 1750m 15Mi\ndefault web 100m 20Mi\n________ ________\n1850m 35Mi")]
    [TestCase("pod web", "NAME CPU(cores) MEMORY(bytes)\nweb 100m 20Mi")]
    public void What_is_used_is_shown(string arguments, string table)
    {
        var result = _cluster.Run(isSpdy: false, "", ["top", .. arguments.Split(' ')]);
        var shown = string.Join('\n', result.StandardOutput.Trim().Split('\n').Select(line => Regex.Replace(line.Trim(), " +", " ")));
        Assert.That((result.ExitCode, shown), Is.EqualTo((0, table)), result.ToString());
    }

    [Test]
    public void What_is_not_known_is_said()
    {
        var result = _cluster.Run(isSpdy: false, "", "top", "pod", "new");
        Assert.That(
            (result.ExitCode, result.StandardError.Trim()),
            Is.EqualTo((1, "Error from server (NotFound): podmetrics.metrics.k8s.io \"default/new\" not found")));
    }

    [Test]
    public void It_is_among_the_services_of_the_api()
    {
        var services = _cluster.Run(isSpdy: false, "", "wait", "--for=create", "apiservice/v1beta1.metrics.k8s.io", "--timeout=20s");
        Assert.That(services.ExitCode, Is.Zero, services.ToString());
        var shown = _cluster.Run(isSpdy: false, "", "get", "apiservice", "v1beta1.metrics.k8s.io", "--no-headers");
        Assert.That(shown.StandardOutput, Does.Match("^v1beta1.metrics.k8s.io +Local +True "));
    }
}
