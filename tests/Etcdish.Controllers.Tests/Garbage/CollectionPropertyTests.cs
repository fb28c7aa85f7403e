using Etcdish.ClusterBench;
using Etcdish.Controllers.Garbage;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Garbage;

/// <summary>
/// Random graphs, random deletions, and requests that fail before or behind the server's work: what is left, and whom it belongs to, is
/// what a model of a few lines says.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class CollectionPropertyTests
{
    private const int Objects = 24;
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        var faults = Flakiness.None with { Lost = 0.08, Unanswered = 0.06, Failing = 0.03 };
        var faulty = _bench.Connect(inner => new FlakyHandler(inner, seed: 1, faults));
        _bench.Add(new GarbageCollector(_bench.MakeContext(TimeProvider.System, faulty)), workers: 4);
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task What_is_left_is_what_should_be([Values(1, 2, 3, 4)] int seed)
    {
        var random = new Random(seed);
        var ns = $"seed-{seed}";
        await _bench.CreateAsync(Resources.Namespaces, "", $"{{'metadata':{{'name':'{ns}'}}}}");
        var model = await GrowAsync(ns, random);
        while (model.Count > 0)
        {
            var at = random.Next(model.Count);
            var doomed = random.Next(3) == 0 ? model.Keys.Where((_, i) => (i + at) % 5 == 0).ToArray() : [model.Keys.ElementAt(at)];
            var orphans = doomed.Length == 1 && random.Next(3) == 0;
            await Task.WhenAll(doomed.Select(name =>
                DeleteAsync(ns, name, orphans ? "Orphan" : random.Next(2) == 0 ? "Foreground" : "Background")));
            Delete(model, doomed, orphans);
            await _bench.WaitAsync(Resources.ConfigMaps, ns, all => IsSame(all, model), m => Describe(m));
        }
    }

    /// <summary>The model: who is there, and whose.</summary>
    private static void Delete(Dictionary<string, HashSet<string>> model, string[] doomed, bool orphans)
    {
        var gone = new Queue<string>(doomed);
        while (gone.TryDequeue(out var name))
        {
            model.Remove(name);
            foreach (var (dependent, owners) in model)
            {
                if (owners.Remove(name) && owners.Count == 0 && !orphans && !gone.Contains(dependent))
                {
                    gone.Enqueue(dependent);
                }
            }
        }
    }

    private static bool IsSame(IReadOnlyList<ConfigMap> all, Dictionary<string, HashSet<string>> model) =>
        all.Count == model.Count && all.All(map =>
            model.TryGetValue(map.Metadata.Name, out var owners) && owners.SetEquals(map.Metadata.OwnerReferences.Select(o => o.Name)));

    private static string Describe(ConfigMap map) =>
        $"{map.Metadata.Name} of {string.Join(',', map.Metadata.OwnerReferences.Select(o => o.Name))} {string.Join(',', map.Metadata.Finalizers)}";

    /// <summary>Objects that belong to up to three of those before them.</summary>
    private async Task<Dictionary<string, HashSet<string>>> GrowAsync(string ns, Random random)
    {
        var model = new Dictionary<string, HashSet<string>>();
        List<ConfigMap> made = [];
        for (var i = 0; i < Objects; i++)
        {
            var owners = Enumerable.Range(0, random.Next(4)).Where(_ => i > 0).Select(_ => made[random.Next(i)]).Distinct().ToArray();
            var references = owners.Select(owner =>
                $"{{'apiVersion':'v1','kind':'ConfigMap','name':'{owner.Metadata.Name}','uid':'{owner.Metadata.Uid}',"
                + $"'blockOwnerDeletion':{(random.Next(2) == 0 ? "true" : "false")}}}");
            made.Add(await _bench.CreateAsync(
                Resources.ConfigMaps, ns, $"{{'metadata':{{'name':'m{i}','ownerReferences':[{string.Join(',', references)}]}}}}"));
            model[$"m{i}"] = [.. owners.Select(owner => owner.Metadata.Name)];
        }

        return model;
    }

    private Task<bool> DeleteAsync(string ns, string name, string propagation) => _bench.Client.DeleteAsync(
        Resources.ConfigMaps, ns, name, new DeleteOptions { Propagation = propagation }, CancellationToken.None);
}
