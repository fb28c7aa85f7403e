using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.History;

/// <summary>
/// A server with a controller of sets and nodes that run everything at once, but what a test holds back; and all that pods did.
/// </summary>
internal sealed class SetBench : IAsyncDisposable
{
    private static readonly ApiResource<ToldEvent> _events = new(
        "", "v1", "events", "Event", true, (JsonTypeInfo<ToldEvent>)JsonSerializerOptions.Web.GetTypeInfo(typeof(ToldEvent)));

    private readonly Lock _lock = new();
    private readonly HashSet<ObjectKey> _held = [];
    private readonly List<(string Namespace, string What)> _history = [];

    private SetBench(ControlBench bench) => Bench = bench;

    public ControlBench Bench { get; }

    public KubernetesClient Client => Bench.Client;

    public static async Task<SetBench> StartAsync(Func<ControllerContext, Controller> make)
    {
        var bench = new SetBench(await ControlBench.StartAsync());
        bench.Bench.Context.Informers.Of(Resources.Pods).Subscribe(bench.Note);
        bench.Bench.Add(new InstantKubelet(bench.Bench.Context, bench.IsHeld));
        bench.Bench.Add(make(bench.Bench.Context));
        await bench.Bench.RunAsync();
        return bench;
    }

    public async Task<string> MakeNamespaceAsync()
    {
        var name = "sets-" + Guid.NewGuid().ToString("N")[..8];
        var ns = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        await Client.SendAsync(HttpMethod.Post, "/api/v1/namespaces", ns, null, CancellationToken.None);
        return name;
    }

    /// <summary>Keeps pods of a name from running, now and later.</summary>
    public void Hold(string ns, string name)
    {
        lock (_lock)
        {
            _held.Add(new ObjectKey(ns, name));
        }
    }

    /// <summary>Runs a pod that was held.</summary>
    public async Task LetRunAsync(string ns, string name)
    {
        lock (_lock)
        {
            _held.Remove(new ObjectKey(ns, name));
        }

        // The kubelet looks at a pod that changes.
        await Bench.PatchAsync(Resources.Pods, ns, name, "{'metadata':{'annotations':{'let':'run'}}}");
    }

    /// <summary>What pods of a namespace did, in its order: <c>+name</c> came, <c>!name</c> became ready, <c>-name</c> went.</summary>
    public string HistoryOf(string ns)
    {
        lock (_lock)
        {
            return string.Join(' ', _history.Where(entry => entry.Namespace == ns).Select(entry => entry.What));
        }
    }

    public async Task<List<Pod>> PodsAsync(string ns)
    {
        var pods = await Bench.WaitAsync(Resources.Pods, ns, _ => true);
        return [.. pods.OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal)];
    }

    public async Task WaitForEventAsync(string ns, string reason, string message) =>
        await Bench.WaitAsync(
            _events, ns, all => all.Any(e => e.Reason == reason && e.Message == message), e => $"{e.Reason}: {e.Message}");

    public ValueTask DisposeAsync() => Bench.DisposeAsync();

    private bool IsHeld(Pod pod)
    {
        lock (_lock)
        {
            return _held.Contains(pod.Key) && !pod.Metadata.IsBeingDeleted;
        }
    }

    private void Note(Pod? before, Pod? now)
    {
        var what = before is null ? "+" : now is null ? "-" : !before.IsReady && now.IsReady ? "!" : "";
        if (what.Length > 0)
        {
            lock (_lock)
            {
                var pod = (now ?? before)!;
                _history.Add((pod.Metadata.Namespace, what + pod.Metadata.Name));
            }
        }
    }

    private sealed class ToldEvent : KubernetesObject
    {
        public string Reason { get; set; } = "";

        public string Message { get; set; } = "";
    }
}
