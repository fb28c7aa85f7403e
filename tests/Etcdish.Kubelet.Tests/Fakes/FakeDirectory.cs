using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>Pods that are only there, and note how they are evicted.</summary>
internal sealed class FakeDirectory : IPodDirectory
{
    public List<PodManifest> Pods { get; } = [];

    /// <summary>All evictions, as <c>name reason grace: message</c>.</summary>
    public List<string> Evictions { get; } = [];

    /// <summary>Ends an eviction, given the pod's name.</summary>
    public Func<string, CancellationToken, Task> End { get; set; } = (_, _) => Task.CompletedTask;

    public IReadOnlyList<PodManifest> List() => [.. Pods];

    public PodManifest? Find(string ns, string name) => Pods.Find(pod => pod.Metadata.Namespace == ns && pod.Metadata.Name == name);

    public JsonObject? Status(string uid) => Pods.Find(pod => pod.Uid == uid)?.Status;

    public async Task EvictAsync(string uid, string reason, string message, TimeSpan? grace, CancellationToken cancellation)
    {
        var pod = Pods.Find(pod => pod.Uid == uid)!;
        Evictions.Add($"{pod.Metadata.Name} {reason} {grace?.TotalSeconds}: {message}");
        await End(pod.Metadata.Name, cancellation);
        pod.Status = new JsonObject { ["phase"] = "Failed" };
    }
}
