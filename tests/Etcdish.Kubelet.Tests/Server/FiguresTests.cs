using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Server;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Server;

/// <summary>What the node and its pods use, and lists of pods.</summary>
internal sealed class FiguresTests
{
    private static readonly PodIdentity _pod = new("default", "web", "web");

    [Test]
    public async Task The_summary_shows_node_and_pods_with_rates_also_through_the_API_server()
    {
        await using var bench = await ServerBench.StartAsync();
        await bench.AddPodAsync("web", new string('x', 1234));
        bench.Runtime.Usage.Add(Usage("main", 5_000_000_000, 1000));
        bench.Runtime.Usage.Add(Usage("side", 1_000_000_000, 500));

        var result = bench.Run("get", "--raw", "/api/v1/nodes/node-1/proxy/stats/summary");

        Assert.That(result.ExitCode, Is.Zero, result.ToString());
        var summary = JsonNode.Parse(result.StandardOutput)!;
        var (node, pod) = (summary["node"]!, summary["pods"]![0]!);
        Assert.That(node["nodeName"]!.GetValue<string>(), Is.EqualTo("node-1"));
        Assert.That(node["cpu"]!["usageNanoCores"]!.GetValue<long>(), Is.GreaterThanOrEqualTo(0));
        Assert.That(node["memory"]!["workingSetBytes"]!.GetValue<long>(), Is.GreaterThan(1 << 20));
        Assert.That(node["fs"]!["capacityBytes"]!.GetValue<long>(), Is.GreaterThan(node["fs"]!["availableBytes"]!.GetValue<long>()));
        Assert.That(pod["podRef"]!["name"]!.GetValue<string>(), Is.EqualTo("web"));
        Assert.That(pod["memory"]!["workingSetBytes"]!.GetValue<long>(), Is.EqualTo(1500));
        Assert.That(pod["containers"]!.AsArray().Select(c => c!["name"]!.GetValue<string>()), Is.EqualTo(new[] { "main", "side" }));
        Assert.That(pod["containers"]![0]!["logs"]!["usedBytes"]!.GetValue<long>(), Is.EqualTo(1234));

        using var http = bench.ConnectMaster();
        var text = await http.GetStringAsync(new Uri("/metrics/resource", UriKind.Relative));
        Assert.That(text, Does.Match("(?m)^node_cpu_usage_seconds_total [0-9.e+]+ [0-9]+$"));
        Assert.That(text, Does.Match("(?m)^container_cpu_usage_seconds_total\\{container=\"main\",namespace=\"default\",pod=\"web\"\\} 5 [0-9]+$"));
        Assert.That(text, Does.Match("(?m)^pod_memory_working_set_bytes\\{namespace=\"default\",pod=\"web\"\\} 1500 [0-9]+$"));
        Assert.That(text, Does.Match("(?m)^container_start_time_seconds\\{container=\"main\",namespace=\"default\",pod=\"web\"\\} 1767225600$"));
        Assert.That(text, Does.Match("(?m)^resource_scrape_error 0$"));
        text = await http.GetStringAsync(new Uri("/metrics/cadvisor", UriKind.Relative));
        Assert.That(text, Does.Contain("container_memory_working_set_bytes{container=\"main\",id=\"web-1\","));
        text = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.That(text, Does.Contain("kubelet_running_containers{container_state=\"running\"} 1\n"));
        Assert.That(text, Does.Contain("kubelet_http_requests_total{method=\"GET\",path=\"metrics\"} 3\n"));
        var pods = JsonNode.Parse(await http.GetStringAsync(new Uri("/pods", UriKind.Relative)))!;
        Assert.That(pods["items"]![0]!["spec"]!["containers"]![0]!["name"]!.GetValue<string>(), Is.EqualTo("main"));
        Assert.That(pods["items"]![0]!["status"]!["phase"]!.GetValue<string>(), Is.EqualTo("Running"));
        pods = JsonNode.Parse(await http.GetStringAsync(new Uri("/runningpods/", UriKind.Relative)))!;
        Assert.That(pods["items"]![0]!["metadata"]!["name"]!.GetValue<string>(), Is.EqualTo("web"));
        var config = JsonNode.Parse(await http.GetStringAsync(new Uri("/configz", UriKind.Relative)))!["kubeletconfig"]!;
        Assert.That(config["maxPods"]!.GetValue<int>(), Is.EqualTo(110));
        using var logs = await http.GetAsync(new Uri("/logs/", UriKind.Relative));
        Assert.That(await logs.Content.ReadAsStringAsync(), Is.EqualTo("logs endpoint is disabled.\n"));
    }

    [Test]
    public async Task Rates_are_of_the_time_between_samples_and_samples_are_shared()
    {
        var clock = new ManualClock();
        await using var runtime = new HostRuntime();
        using var sampler = new UsageSampler(runtime, clock);
        Set(1_000_000_000);
        Assert.That((await sampler.LatestAsync(CancellationToken.None)).Containers[0].NanoCores, Is.Null);

        clock.Advance(TimeSpan.FromSeconds(5));
        Set(2_000_000_000);
        Assert.That((await sampler.LatestAsync(CancellationToken.None)).Containers[0].Usage.CpuNanoseconds, Is.EqualTo(1_000_000_000));

        clock.Advance(TimeSpan.FromSeconds(5));
        Set(2_000_000_000);
        Assert.That((await sampler.LatestAsync(CancellationToken.None)).Containers[0].NanoCores, Is.EqualTo(100_000_000));

        clock.Advance(TimeSpan.FromSeconds(10));
        Set(5);
        Assert.That((await sampler.LatestAsync(CancellationToken.None)).Containers[0].NanoCores, Is.Null, "a counter that fell");

        clock.Advance(TimeSpan.FromMinutes(3));
        Set(6);
        var late = await sampler.LatestAsync(CancellationToken.None);
        Assert.That((late.Containers[0].NanoCores, late.NodeNanoCores), Is.EqualTo(((long?)null, (long?)null)), "nobody has asked for long");

        void Set(long nanoseconds)
        {
            runtime.Usage.Clear();
            runtime.Usage.Add(Usage("main", nanoseconds, 1) with { At = clock.GetUtcNow() });
        }
    }

    [Test]
    public void Labels_are_escaped()
    {
        var text = new MetricText();
        text.Sample("name", 1.5, at: null, ("label", "a\"b\\c\nd"));

        Assert.That(text.ToString(), Is.EqualTo("name{label=\"a\\\"b\\\\c\\nd\"} 1.5\n"));
    }

    private static ContainerUsage Usage(string container, long cpu, long memory) =>
        new(_pod, container, DateTimeOffset.UtcNow, cpu, memory, memory * 2, 10)
        {
            StartedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        };
}
