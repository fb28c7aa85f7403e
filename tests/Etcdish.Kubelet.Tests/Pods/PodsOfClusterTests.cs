using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Pods;

/// <summary>The pods of a node beside a real API server and real controllers; only the runtime is one in memory.</summary>
public sealed class PodsOfClusterTests
{
    private const string Deployment =
        """
        {'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':{'app':'web'}},
          'template':{'metadata':{'labels':{'app':'web'}},
            'spec':{'nodeName':'here','terminationGracePeriodSeconds':1,'containers':[{'name':'web','image':'one'}]}}}}
        """;

    [Test]
    public async Task A_deployment_runs_is_updated_and_goes()
    {
        await using var bench = await ControlBench.StartAsync();
        await using var runtime = new FakeRuntime(TimeProvider.System);
        await using var informers = new SharedInformers(bench.Client, TimeProvider.System, TestContext.Out.WriteLine);
        await using var events = new EventRecorder(bench.Client, "kubelet", TimeProvider.System, "here");
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        using var workers = new PodWorkers(Parts(bench, runtime, informers, events, folder));
        await informers.StartAsync(stop.Token);
        var running = workers.RunAsync(stop.Token);
        using var manager = new ControllerManager(bench.Context);
        var controlling = manager.RunAsync(stop.Token);

        await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'here'}}");
        await bench.CreateAsync(Resources.Deployments, "default", Deployment);
        await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count(pod => pod.IsReady) == 3);
        var images = Images(runtime);
        await bench.PatchAsync(
            Resources.Deployments,
            "default",
            "web",
            "{'spec':{'template':{'spec':{'containers':[{'name':'web','image':'two'}]}}}}");
        await bench.WaitAsync(
            Resources.Deployments,
            "default",
            all => all.Single() is { Status: { UpdatedReplicas: 3, ReadyReplicas: 3, Replicas: 3 } status } deployment
                && status.ObservedGeneration == deployment.Metadata.Generation);
        await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count == 3);
        var updated = Images(runtime);
        await bench.Client.DeleteAsync(Resources.Deployments, "default", "web", null, stop.Token);
        await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count == 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(images, Is.EqualTo(["one", "one", "one"]));
            Assert.That(updated, Is.EqualTo(["two", "two", "two"]));
            Assert.That(() => runtime.Sandboxes, Is.Empty.After(5000, 10));
            Assert.That(runtime.Violations, Is.Empty);
            Assert.That(() => EventReasons(bench), Is.SupersetOf(new[] { "Created", "Started", "Killing" }).After(10_000, 50));
        }

        await stop.CancelAsync();
        await running;
        await controlling;
    }

    private static PodWorkersParts Parts(
        ControlBench bench, FakeRuntime runtime, SharedInformers informers, EventRecorder events, TemporaryFolder folder)
    {
        var pods = informers.Of(KubeletKinds.Pods, "fieldSelector=spec.nodeName%3Dhere");
        return new PodWorkersParts
        {
            Pods = pods,
            Synced = pods.Synced,
            Runtime = runtime,
            Planner = new FakePlanner(),
            Images = new FakePuller(),
            Volumes = new FakeVolumes(),
            Probes = new FakeProbes(),
            Hooks = new FakeHooks(),
            Api = new PodApi(bench.Client),
            Events = new PodEvents(events),
            Folders = new PodFolders(folder.File("kubelet"), folder.File("logs"), folder.File("links")),
            Clock = TimeProvider.System,
            NodeName = "here",
            NodeUid = static () => "node-uid",
            Addresses = () => ["192.168.0.1"],
            Warn = TestContext.Out.WriteLine,
        };
    }

    private static string[] Images(FakeRuntime runtime) =>
        [.. runtime.Containers.Where(c => c.Phase == Runtime.ContainerPhase.Running).Select(c => c.Image)];

    private static IReadOnlyList<string> EventReasons(ControlBench bench)
    {
        var list = bench.Client
            .SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/events", null, null, CancellationToken.None).GetAwaiter().GetResult();
        return [.. JsonNode.Parse(list)!["items"]!.AsArray().Select(item => (string)item!["reason"]!)];
    }
}
