using System.Net;
using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Routes;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Routing;

/// <summary>What the container runtime is told of the node's network.</summary>
public sealed class CniConfigTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [Test]
    public void It_has_the_ranges_of_the_node()
    {
        var text = CniConfig.TextFor(
            [IPNetwork.Parse("10.244.3.0/24"), IPNetwork.Parse("fd00:3::/64")], new CniConfigOptions { NodeName = "n", Mtu = 1450 });
        var plugins = JsonNode.Parse(text)!["plugins"]!.AsArray();
        Assert.That(plugins.Select(plugin => (string?)plugin!["type"]), Is.EqualTo(new[] { "bridge", "portmap" }));
        Assert.That((int)plugins[0]!["mtu"]!, Is.EqualTo(1450));
        Assert.That(
            plugins[0]!["ipam"]!.ToJsonString(),
            Is.EqualTo("""
                {"type":"host-local","ranges":[[{"subnet":"10.244.3.0/24"}],[{"subnet":"fd00:3::/64"}]],"routes":[{"dst":"0.0.0.0/0"},{"dst":"::/0"}]}
                """));
    }

    [Test]
    public async Task It_is_written_when_the_range_is_known()
    {
        using var folder = new TemporaryFolder();
        await using var bench = await ControlBench.StartAsync();
        await using var config = new Running(bench.Context, folder);
        await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n'}}");
        await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'other'},'spec':{'podCIDR':'10.244.9.0/24'}}");
        await bench.PatchAsync(Resources.Nodes, "", "n", "{'spec':{'podCIDR':'10.244.3.0/24'}}");
        await config.Written;
        var text = await File.ReadAllTextAsync(folder.File("net/10-etcdish.conflist"));
        Assert.That(text, Is.EqualTo(CniConfig.TextFor([IPNetwork.Parse("10.244.3.0/24")], new CniConfigOptions { NodeName = "n" })));
        Assert.That(bench.Warnings, Has.Some.Contains("bridge, host-local, loopback, portmap"));
    }

    [Test]
    public async Task It_is_written_again_for_smaller_packets_and_after_a_fault()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("net"), "no folder");
        var clock = new ManualClock();
        var failed = new TaskCompletionSource<string>();
        await using var bench = await ControlBench.StartAsync();
        await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n'},'spec':{'podCIDR':'10.244.3.0/24'}}");
        var context = bench.MakeContext(clock);
        await using var config = new Running(context with { Warn = line => failed.TrySetResult(line) }, folder);
        Assert.That(await failed.Task.WaitAsync(_patience), Does.Contain("cannot be written"));

        config.SetMtu(1450);
        File.Delete(folder.File("net"));
        for (var written = config.Written; !written.IsCompleted;)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await config.Written;
        Assert.That(await File.ReadAllTextAsync(folder.File("net/10-etcdish.conflist")), Does.Contain("\"mtu\":1450"));
        await context.Informers.DisposeAsync();
    }

    [Test]
    public async Task Another_configuration_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("net"));
        await File.WriteAllTextAsync(folder.File("net/05-mine.conf"), "{}");
        await using var bench = await ControlBench.StartAsync();
        await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n'},'spec':{'podCIDR':'10.244.3.0/24'}}");
        await using var config = new Running(bench.Context, folder);
        await config.Written;
        Assert.That(Directory.GetFiles(folder.File("net")).Select(Path.GetFileName), Is.EqualTo(new[] { "05-mine.conf" }));
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly CniConfig _config;
        private readonly Task _running;

        public Running(ControllerContext context, TemporaryFolder folder)
        {
            _config = new CniConfig(
                context, new CniConfigOptions { NodeName = "n", ConfigFolder = folder.File("net"), BinFolder = folder.File("bin") });
            _running = _config.RunAsync(_stop.Token);
        }

        public void SetMtu(int mtu) => _config.SetMtu(mtu);

        public Task Written => _config.Written.WaitAsync(_patience);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}
