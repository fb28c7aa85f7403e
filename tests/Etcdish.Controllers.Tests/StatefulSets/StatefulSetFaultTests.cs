using Etcdish.ClusterBench;
using Etcdish.Controllers.StatefulSets;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.StatefulSets;

/// <summary>
/// A stateful set whose controller has a bad connection and is killed now and then, while users change their minds: in order, a pod is
/// created only when all before it are ready; in parallel, pods fail besides; and in the end all is as it was wanted last.
/// </summary>
public sealed class StatefulSetFaultTests
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pod> _there = [];
    private readonly List<string> _violations = [];

    [Test]
    public async Task All_becomes_as_it_is_wanted_whatever_goes_wrong(
        [Values("OrderedReady", "Parallel")] string management, [Range(1, 3)] int seed)
    {
        var random = new Random(seed);
        var isOrdered = management == "OrderedReady";
        _there.Clear();
        _violations.Clear();
        await using var bench = await ControlBench.StartAsync();
        bench.Context.Informers.Of(Resources.Pods).Subscribe(Observe);
        bench.Add(new InstantKubelet(bench.Context));
        await bench.RunAsync();
        var process = StartProcess(bench, seed * 1000);
        try
        {
            await bench.CreateAsync(Resources.StatefulSets, "default", Spec(management, 3, 0));
            var image = 0;
            var replicas = 3;
            for (var step = 1; step <= 6; step++)
            {
                await UntilAsync(bench, pods => pods.Count >= random.Next(0, replicas + 1));
                if (random.Next(2) == 0)
                {
                    await process.DisposeAsync();
                    process = StartProcess(bench, (seed * 1000) + step);
                }

                if (!isOrdered)
                {
                    await FailAsync(bench, $"web-{random.Next(replicas)}");
                }

                replicas = random.Next(1, 5);
                image = random.Next(2) == 0 ? step : image;
                await bench.PatchAsync(Resources.StatefulSets, "default", "web", Spec(management, replicas, image));
            }

            process.Mend();
            await UntilAsync(bench, pods => pods.Count == replicas && pods.All(pod =>
                pod.IsReady && pod.IsActive && pod.Spec.Containers[0].Image == $"i{image}"));
            await bench.WaitAsync(Resources.StatefulSets, "default", sets => sets is [var set]
                && set.Status.ReadyReplicas == replicas && set.Status.UpdatedReplicas == replicas
                && set.Status.CurrentRevision == set.Status.UpdateRevision && set.Status.ObservedGeneration == set.Metadata.Generation);
            Assert.That(isOrdered ? _violations : [], Is.Empty, $"seed {seed}");
        }
        finally
        {
            await process.DisposeAsync();
        }
    }

    private static async Task FailAsync(ControlBench bench, string pod)
    {
        try
        {
            await bench.PatchAsync(Resources.Pods, "default", pod, "{'status':{'phase':'Failed'}}", "status");
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            // It is not there just now.
        }
    }

    private static FaultyProcess StartProcess(ControlBench bench, int seed) =>
        new(bench, seed, FaultyProcess.BadConnection, workers: 2, context => [new StatefulSetController(context)]);

    private static string Spec(string management, int replicas, int image) =>
        "{'metadata':{'name':'web'},'spec':{'replicas':" + replicas + ",'podManagementPolicy':'" + management + "',"
        + "'serviceName':'svc','selector':{'matchLabels':{'app':'web'}},"
        + "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i" + image + "'}]}}}}";

    private static Task<IReadOnlyList<Pod>> UntilAsync(ControlBench bench, Func<IReadOnlyList<Pod>, bool> condition) => bench.WaitAsync(
        Resources.Pods,
        "default",
        condition,
        pod => $"{pod} {pod.Spec.Containers[0].Image} ready: {pod.IsReady} going: {pod.Metadata.IsBeingDeleted}");

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
