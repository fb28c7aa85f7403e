using Etcdish.ClusterBench;
using Etcdish.Controllers.StatefulSets;
using Etcdish.Controllers.Tests.History;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.StatefulSets;

/// <summary>
/// A stateful set whose controller has a bad connection and is killed now and then, while users change their minds: a pod is created only when
/// all before it are ready, there are never two of a number, and in the end all is as it was wanted last.
/// </summary>
public sealed class StatefulSetFaultTests
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pod> _there = [];
    private readonly List<string> _violations = [];

    [Test]
    public async Task Pods_come_one_after_the_other_whatever_goes_wrong([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        _there.Clear();
        _violations.Clear();
        await using var bench = await ControlBench.StartAsync();
        bench.Context.Informers.Of(Resources.Pods).Subscribe(Observe);
        bench.Add(new InstantKubelet(bench.Context));
        await bench.RunAsync();
        await using var controller = new FragileController(bench, context => new StatefulSetController(context), seed);
        await controller.StartAsync();
        await bench.CreateAsync(Resources.StatefulSets, "default", Spec(3, 0));
        var image = 0;
        var replicas = 3;
        for (var step = 1; step <= 6; step++)
        {
            await UntilAsync(bench, pods => pods.Count >= random.Next(0, replicas + 1));
            if (random.Next(2) == 0)
            {
                await controller.KillAsync();
                await controller.StartAsync();
            }

            replicas = random.Next(1, 5);
            image = random.Next(2) == 0 ? step : image;
            await bench.PatchAsync(Resources.StatefulSets, "default", "web", Spec(replicas, image));
        }

        controller.Mend();
        await UntilAsync(bench, pods => pods.Count == replicas && pods.All(pod =>
            pod.IsReady && !pod.Metadata.IsBeingDeleted && pod.Spec.Containers[0].Image == $"i{image}"));
        await bench.WaitAsync(Resources.StatefulSets, "default", sets => sets is [var set]
            && set.Status.ReadyReplicas == replicas && set.Status.UpdatedReplicas == replicas
            && set.Status.CurrentRevision == set.Status.UpdateRevision && set.Status.ObservedGeneration == set.Metadata.Generation);
        Assert.That(_violations, Is.Empty, $"seed {seed}");
    }

    private static string Spec(int replicas, int image) =>
        "{'metadata':{'name':'web'},'spec':{'replicas':" + replicas + ",'serviceName':'svc','selector':{'matchLabels':{'app':'web'}},"
        + "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i" + image + "'}]}}}}";

    private static Task<IReadOnlyList<Pod>> UntilAsync(ControlBench bench, Func<IReadOnlyList<Pod>, bool> condition) => bench.WaitAsync(
        Resources.Pods, "default", condition, pod => $"{pod} {pod.Spec.Containers[0].Image} ready: {pod.IsReady} going: {pod.Metadata.IsBeingDeleted}");

    /// <summary>Hears of every change in the order of the store.</summary>
    private void Observe(Pod? before, Pod? now)
    {
        lock (_lock)
        {
            if (now is null)
            {
                _there.Remove(before!.Metadata.Name);
                return;
            }

            if (before is null)
            {
                var number = int.Parse(now.Metadata.Name["web-".Length..]);
                for (var lower = 0; lower < number; lower++)
                {
                    if (!_there.TryGetValue($"web-{lower}", out var pod) || !pod.IsReady || pod.Metadata.IsBeingDeleted)
                    {
                        _violations.Add($"{now.Metadata.Name} came though web-{lower} was not ready");
                    }
                }
            }

            _there[now.Metadata.Name] = now;
        }
    }
}
