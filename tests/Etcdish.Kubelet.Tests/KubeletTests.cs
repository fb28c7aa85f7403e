using System.Net;
using System.Text;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Kubelet.Tests;

/// <summary>A whole kubelet: an API in this process, and pods in a genuine containerd.</summary>
public sealed class KubeletTests
{
    // It mounts no token: the controllers that publish what belongs to one do not run here.
    private const string Web = """
        {"metadata":{"name":"web"},"spec":{"nodeName":"n1","automountServiceAccountToken":false,"terminationGracePeriodSeconds":1,"containers":[{
          "name":"c","image":"busybox:1","command":["sh","-c","echo begun; exec sleep 3600"],
          "resources":{"requests":{"cpu":"10m"},"limits":{"memory":"64Mi"}}}]}}
        """;

    [Test]
    public async Task A_pod_runs_survives_a_restart_of_its_kubelet_and_goes()
    {
        await using var containerd = await ContainerdServer.StartAsync();
        await using var bench = await ControlBench.StartAsync();
        using var folder = new TemporaryFolder();
        List<string> warnings = [];
        string id;
        await using (var first = await RunningKubelet.StartAsync(bench, Options(containerd.Endpoint, folder), warnings))
        {
            var node = (await bench.ReadAsync(Resources.Nodes, "", "n1"))!;
            Assert.That((string?)node["metadata"]!["labels"]!["etcdish.io/runtime"], Is.EqualTo("containerd"));
            Assert.That((string?)node["status"]!["nodeInfo"]!["containerRuntimeVersion"], Does.StartWith("containerd://"));

            await bench.CreateAsync(Resources.Pods, "default", Web);
            await WaitReadyAsync(bench, warnings);
            id = await ContainerIdAsync(bench);
            Assert.That(await ReadLogAsync(bench), Is.EqualTo("begun\n"));
        }

        await using (var second = await RunningKubelet.StartAsync(bench, Options(containerd.Endpoint, folder), warnings))
        {
            await bench.PatchAsync(Resources.Pods, "default", "web", "{'metadata':{'labels':{'a':'b'}}}");
            await WaitReadyAsync(bench, warnings);
            Assert.That(await ContainerIdAsync(bench), Is.EqualTo(id), "it was made anew");

            await bench.Client.DeleteAsync(Resources.Pods, "default", "web", null, CancellationToken.None);
            await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count == 0, Describe);
        }
    }

    [Test]
    public async Task Pods_end_when_their_node_shuts_down()
    {
        await using var containerd = await ContainerdServer.StartAsync();
        await using var bench = await ControlBench.StartAsync();
        using var folder = new TemporaryFolder();
        List<string> warnings = [];
        var options = Options(containerd.Endpoint, folder) with { ShutdownGrace = TimeSpan.FromSeconds(20) };
        await using (var kubelet = await RunningKubelet.StartAsync(bench, options, warnings))
        {
            await bench.CreateAsync(Resources.Pods, "default", Web);
            await WaitReadyAsync(bench, warnings);
        }

        var pod = (await bench.ReadAsync(Resources.Pods, "default", "web"))!;
        var node = (await bench.ReadAsync(Resources.Nodes, "", "n1"))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string?)pod["status"]!["phase"], Is.EqualTo("Failed"));
            Assert.That((string?)pod["status"]!["reason"], Is.EqualTo("Terminated"));
            Assert.That(
                (string?)pod["status"]!["message"], Is.EqualTo("Pod was terminated in response to imminent node shutdown."));
            var ready = node["status"]!["conditions"]!.AsArray().Single(condition => (string?)condition!["type"] == "Ready")!;
            Assert.That((string?)ready["message"], Is.EqualTo("node is shutting down"));
        }
    }

    [Test]
    public async Task Pods_stop_with_their_kubelet_if_they_are_to_and_start_with_the_next()
    {
        await using var containerd = await ContainerdServer.StartAsync();
        await using var bench = await ControlBench.StartAsync();
        using var folder = new TemporaryFolder();
        List<string> warnings = [];
        var options = Options(containerd.Endpoint, folder) with { StopGrace = TimeSpan.FromSeconds(10) };
        string id;
        await using (var first = await RunningKubelet.StartAsync(bench, options, warnings))
        {
            await bench.CreateAsync(Resources.Pods, "default", Web);
            await WaitReadyAsync(bench, warnings);
            id = await ContainerIdAsync(bench);
        }

        Assert.That(await containerd.CountRunningAsync(), Is.Zero);
        var stopped = (await bench.ReadAsync(Resources.Pods, "default", "web"))!;
        Assert.That((string?)stopped["status"]!["phase"], Is.EqualTo("Running"), "somebody told");

        await using (var second = await RunningKubelet.StartAsync(bench, options, warnings))
        {
            await bench.WaitAsync(
                Resources.Pods,
                "default",
                pods => pods is [{ IsReady: true } pod] && pod.Status.ContainerStatuses is [{ RestartCount: > 0 }],
                pod => $"{Describe(pod)}\n{string.Join('\n', warnings)}");
            Assert.That(await ContainerIdAsync(bench), Is.Not.EqualTo(id));
        }

        Assert.That(await containerd.CountRunningAsync(), Is.Zero);
        Assert.That(warnings, Has.None.Contain("could not be stopped"));
    }

    [Test]
    public void Two_kubelets_do_not_use_one_folder()
    {
        using var folder = new TemporaryFolder();
        using var client = new Etcdish.Kubernetes.Client.KubernetesClient(new HttpClientHandler(), new Uri("http://127.0.0.1:1"));
        using var held = new FileStream(folder.File("kubelet.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        var kubelet = new Kubelet(client, new KubeletOptions { NodeName = "n", Folder = folder.FullPath }, TimeProvider.System, _ => { });
        Assert.That(
            async () => await kubelet.RunAsync(CancellationToken.None),
            Throws.TypeOf<IOException>().With.Message.StartsWith($"another kubelet uses {folder}"));
    }

    [TestCase("Node_1", "auto", "")]
    [TestCase("n", "docker", "")]
    [TestCase("n", "auto", "memory<1")]
    public void Wrong_options_are_refused(string name, string runtime, string eviction) => Assert.That(
        () => new KubeletOptions { NodeName = name, Runtime = runtime, EvictionHard = eviction }.Validate(), Throws.ArgumentException);

    private static KubeletOptions Options(string endpoint, TemporaryFolder folder) => new()
    {
        NodeName = "n1",
        Runtime = "containerd",
        RuntimeEndpoint = endpoint,
        Folder = folder.File("kubelet"),
        LogFolder = folder.File("logs/pods"),
        LogLinkFolder = folder.File("logs/containers"),
        NodeAddress = IPAddress.Loopback,
        BindAddress = IPAddress.Loopback,
        Port = 0,

        // Disks of machines for tests are full at times.
        EvictionHard = "",
    };

    private static Task<IReadOnlyList<Pod>> WaitReadyAsync(ControlBench bench, List<string> warnings) => bench.WaitAsync(
        Resources.Pods, "default", pods => pods.Count == 1 && pods[0].IsReady, pod => $"{Describe(pod)}\n{string.Join('\n', warnings)}");

    private static string Describe(Pod pod) => $"{pod} {pod.Status.Phase} ready: {pod.IsReady} deleted: {pod.Metadata.IsBeingDeleted}";

    private static async Task<string> ContainerIdAsync(ControlBench bench) =>
        (string)(await bench.ReadAsync(Resources.Pods, "default", "web"))!["status"]!["containerStatuses"]![0]!["containerID"]!;

    private static async Task<string> ReadLogAsync(ControlBench bench) => Encoding.UTF8.GetString(
        await bench.Client.SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/pods/web/log", null, null, CancellationToken.None));

    /// <summary>A kubelet that runs, until its disposal.</summary>
    private sealed class RunningKubelet(Task running, CancellationTokenSource stop) : IAsyncDisposable
    {
        public static async Task<RunningKubelet> StartAsync(ControlBench bench, KubeletOptions options, List<string> warnings)
        {
            var kubelet = new Kubelet(bench.Client, options, TimeProvider.System, line =>
            {
                lock (warnings)
                {
                    warnings.Add(line);
                }
            });
            var stop = new CancellationTokenSource();
            var running = kubelet.RunAsync(stop.Token);
            await Task.WhenAny(running, kubelet.Ready).WaitAsync(TimeSpan.FromSeconds(60));
            if (running.IsCompleted)
            {
                await running;
            }

            return new RunningKubelet(running, stop);
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await running;
            stop.Dispose();
        }
    }
}
