using Etcdish.ClusterBench;
using Etcdish.Controllers.Services;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Services;

/// <summary>
/// Pods come, go and change, two controllers of slices work at once as they never should, requests of theirs fail before and after they had
/// their effect, and one is killed and comes again. In the end each pod is told of once, as it is.
/// </summary>
public sealed class SliceRaceTests
{
    [Test]
    public async Task Each_pod_is_told_of_once_and_as_it_is([Values(1, 2, 3)] int seed)
    {
        await using var bench = await ControlBench.StartAsync();
        var random = new Random(seed);
        await bench.CreateAsync(
            Resources.Services, "default", "{'metadata':{'name':'web'},'spec':{'selector':{'app':'web'},'ports':[{'port':80}]}}");
        await using var first = StartProcess(bench, seed);
        var second = StartProcess(bench, seed + 1000);
        var pods = new Dictionary<string, bool>();
        for (var i = 0; i < 250; i++)
        {
            await ChangeAsync(bench, random, pods, i);
            if (i == 120)
            {
                await second.DisposeAsync();
                second = StartProcess(bench, seed + 2000);
            }
        }

        var expected = Said(pods.Select(pod => (pod.Key, pod.Value)));
        var slices = await bench.WaitAsync(
            Resources.EndpointSlices,
            "default",
            all => Said(Endpoints(all).Select(e => (e.TargetRef!.Name, e.Conditions.Ready == true))) == expected,
            slice => $"{slice}: {string.Join(' ', slice.Endpoints.Select(e => e.TargetRef?.Name))}");
        Assert.That(Endpoints(slices).Count(), Is.EqualTo(pods.Count), $"seed {seed}");
        await bench.WaitAsync(
            Resources.Endpoints,
            "default",
            all => all.Any(e => e.Metadata.Name == "web" && Said(
                e.Subsets.SelectMany(s => s.Addresses.Select(a => (a.TargetRef!.Name, true)).Concat(
                    s.NotReadyAddresses.Select(a => (a.TargetRef!.Name, false))))) == expected));
        await second.DisposeAsync();
    }

    private static IEnumerable<Endpoint> Endpoints(IEnumerable<EndpointSlice> slices) =>
        slices.Where(slice => slice.Metadata.Labels["kubernetes.io/service-name"] == "web").SelectMany(slice => slice.Endpoints);

    private static string Said(IEnumerable<(string Name, bool IsReady)> pods) =>
        string.Join(' ', pods.Select(pod => pod.Name + (pod.IsReady ? "" : "-")).Order(StringComparer.Ordinal));

    private static async Task ChangeAsync(ControlBench bench, Random random, Dictionary<string, bool> pods, int number)
    {
        var name = pods.Count == 0 ? "" : pods.Keys.ElementAt(random.Next(pods.Count));
        switch (random.Next(5))
        {
            case 0 when pods.Count > 0:
                pods.Remove(name);
                await bench.Client.DeleteAsync(
                    Resources.Pods, "default", name, new DeleteOptions { GracePeriodSeconds = 0 }, CancellationToken.None);
                break;
            case 1 when pods.Count > 0:
                pods[name] = !pods[name];
                await bench.PatchAsync(
                    Resources.Pods, "default", name, $"{{'status':{{'conditions':[{{'type':'Ready','status':'{pods[name]}'}}]}}}}", "status");
                break;
            default:
                pods[$"p{number}"] = true;
                await bench.CreateAsync(
                    Resources.Pods,
                    "default",
                    $"{{'metadata':{{'name':'p{number}','labels':{{'app':'web'}}}},'spec':{{'containers':[{{'name':'c','image':'i'}}]}}}}");
                await bench.PatchAsync(
                    Resources.Pods,
                    "default",
                    $"p{number}",
                    $"{{'status':{{'phase':'Running','podIPs':[{{'ip':'10.1.0.{number}'}}],'conditions':[{{'type':'Ready','status':'True'}}]}}}}",
                    "status");
                break;
        }
    }

    private static FaultyProcess StartProcess(ControlBench bench, int seed) => new(bench, seed, Flakiness.LosesWrites, workers: 2, context =>
    {
        var pods = new ServicePods(context);
        return [new EndpointSliceController(context, pods), new EndpointsController(context, pods)];
    });
}
