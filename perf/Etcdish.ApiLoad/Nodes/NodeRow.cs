using System.Diagnostics;
using Etcdish.ApiLoad.Cluster;
using Etcdish.ApiLoad.Http;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;
using Etcdish.Load.Measuring;
using Etcdish.Testing.Containerd;

namespace Etcdish.ApiLoad.Nodes;

/// <summary>
/// 50 pods on one node: from the first pod's creation until all are Ready, and what the kubelet uses then while nothing happens. The image is
/// on the node before.
/// </summary>
/// <param name="runtime">containerd, of which one of its own is started, or process.</param>
/// <param name="maxSeconds">What is promised.</param>
internal sealed class NodeRow(string runtime, double maxSeconds) : IRow
{
    public const int Pods = 50;
    private const double MaxCpuPercent = 1;
    private const double MaxMebibytes = 60;
    private const string Node = "measured";

    private static readonly TimeSpan _settling = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(30);

    public string Name => runtime;

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        await using ContainerdServer? containerd = runtime == "containerd" ? await ContainerdServer.StartAsync() : null;
        try
        {
            return await MeasureAsync(server, containerd, cancellation);
        }
        finally
        {
            // While the kubelet works on them, containerd's pods cannot be removed with it; and that would be told instead of what failed.
            server.Stop();
        }
    }

    private async Task<IReadOnlyList<Figure>> MeasureAsync(
        UpServer server, ContainerdServer? containerd, CancellationToken cancellation)
    {
        SimulatedCluster cluster = new(server, nodes: 1);
        await server.StartAsync("up", ["--disable-kubelet", "--disable-network"], cancellation);
        Process kubelet = server.Run(
            "kubelet",
            [
                "--node-name", Node, "--runtime", runtime, "--root-dir", server.Path("kubelet"), "--port", "0",
                "--eviction-hard", "memory.available<1Mi",
                .. containerd is null ? Array.Empty<string>() : ["--container-runtime-endpoint", containerd.Endpoint],
            ]);
        await cluster.WaitForNodesAsync(cancellation);
        Figure start = await StartAsync(cluster, kubelet, cancellation);
        Figure[] idle = await IdleAsync(kubelet, cancellation);
        await DeleteAsync(cluster, cancellation);
        return [start, .. idle];
    }

    private async Task<Figure> StartAsync(SimulatedCluster cluster, Process kubelet, CancellationToken cancellation)
    {
        await using WatchReader watch = await WatchReader.OpenAsync(
            await cluster.Server.ConnectAsync(cancellation), "/api/v1/namespaces/default/pods?watch=true", cancellation);
        long begun = Stopwatch.GetTimestamp();
        double before = ProcessUsage.Of(kubelet.Id).CpuSeconds;
        await cluster.CreatePodsAsync(Pods, Pod, cancellation);
        HashSet<string> ready = [];
        while (ready.Count < Pods)
        {
            await watch.ReadAsync(line => Note(line, ready), cancellation);
        }

        return new Figure(
            $"{runtime}-start",
            Stopwatch.GetElapsedTime(begun).TotalSeconds,
            "s until all are ready",
            maxSeconds,
            false,
            $"{Pods} pods of one container, {ProcessUsage.Of(kubelet.Id).CpuSeconds - before:N1} s of the kubelet's CPU");
    }

    private async Task<Figure[]> IdleAsync(Process kubelet, CancellationToken cancellation)
    {
        await Task.Delay(_settling, cancellation);
        double before = ProcessUsage.Of(kubelet.Id).CpuSeconds;
        await Task.Delay(_idle, cancellation);
        ProcessUsage now = ProcessUsage.Of(kubelet.Id);
        return
        [
            new Figure(
                $"{runtime}-idle",
                (now.CpuSeconds - before) / _idle.TotalSeconds * 100,
                "% of a core",
                MaxCpuPercent,
                false,
                $"{_idle.TotalSeconds:N0} s of {Pods} pods that do nothing"),
            new Figure($"{runtime}-memory", now.ResidentBytes / (double)(1 << 20), "MiB resident", MaxMebibytes, false, "the kubelet, then"),
        ];
    }

    /// <summary>Deletes the pods and waits until they are gone, so that nothing of them stays on this machine.</summary>
    private static async Task DeleteAsync(SimulatedCluster cluster, CancellationToken cancellation)
    {
        await using WatchReader watch = await WatchReader.OpenAsync(
            await cluster.Server.ConnectAsync(cancellation), "/api/v1/namespaces/default/pods?watch=true", cancellation);
        await cluster.DeletePodsAsync(cancellation);
        int gone = 0;
        while (gone < Pods)
        {
            await watch.ReadAsync(line => gone += line.StartsWith("{\"type\":\"DELETED\""u8) ? 1 : 0, cancellation);
        }
    }

    private string Pod(int number) => $$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-{{number}}"},
        "spec":{"nodeName":"{{Node}}","terminationGracePeriodSeconds":0,
        "containers":[{"name":"main","image":"{{ContainerdServer.Busybox}}","imagePullPolicy":"IfNotPresent","command":["sleep","100000"]}] } }
        """;

    private static void Note(ReadOnlySpan<byte> line, HashSet<string> ready)
    {
        int at = line.IndexOf("\"type\":\"Ready\""u8);
        if (at < 0 || Condition(line, at).IndexOf("\"status\":\"True\""u8) < 0)
        {
            return;
        }

        ReadOnlySpan<byte> name = line[(line.IndexOf("\"name\":\""u8) + 8)..];
        ready.Add(System.Text.Encoding.UTF8.GetString(name[..name.IndexOf((byte)'"')]));
    }

    /// <summary>The object around a place of a text.</summary>
    private static ReadOnlySpan<byte> Condition(ReadOnlySpan<byte> line, int at)
    {
        int begin = line[..at].LastIndexOf((byte)'{');
        return line[begin..(at + line[at..].IndexOf((byte)'}'))];
    }
}
