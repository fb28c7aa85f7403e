using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Tests.Server;

/// <summary>Pods that a test puts here.</summary>
internal sealed class FakePods : IPodDirectory
{
    private readonly List<PodManifest> _pods = [];
    private readonly Dictionary<string, JsonObject> _statuses = [];

    /// <summary>Adds a pod, in JSON with single quotes for double ones; its uid is its name.</summary>
    public PodManifest Add(string name, string spec)
    {
        var json = $$"""{'metadata':{'namespace':'default','name':'{{name}}','uid':'{{name}}'},'spec':{{spec}} }""".Replace('\'', '"');
        var pod = JsonSerializer.Deserialize(json, KubeletForms.Default.PodManifest)!;
        _pods.Add(pod);
        return pod;
    }

    /// <summary>Makes a status known.</summary>
    public void SetStatus(string uid, string json) => _statuses[uid] = JsonNode.Parse(json.Replace('\'', '"'))!.AsObject();

    public IReadOnlyList<PodManifest> List() => _pods;

    public PodManifest? Find(string ns, string name) => _pods.Find(pod => pod.Metadata.Namespace == ns && pod.Metadata.Name == name);

    public JsonObject? Status(string uid) => _statuses.GetValueOrDefault(uid);

    public Task EvictAsync(string uid, string reason, string message, TimeSpan? grace, CancellationToken cancellation) =>
        throw new NotSupportedException();
}
