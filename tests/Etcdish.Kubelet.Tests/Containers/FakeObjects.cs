using System.Text.Json.Nodes;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Tests.Containers;

/// <summary>Objects in memory, by path such as <c>configmaps/settings</c>.</summary>
internal sealed class FakeObjects : IObjectSource
{
    public Dictionary<string, JsonObject> Objects { get; } = [];

    public List<JsonObject> Services { get; } = [];

    public Task ServicesSynced { get; set; } = Task.CompletedTask;

    public FakeObjects Add(string path, string json)
    {
        Objects[path] = JsonNode.Parse(json.Replace('\'', '"'))!.AsObject();
        return this;
    }

    public FakeObjects AddService(string ns, string name, string spec)
    {
        Services.Add(JsonNode.Parse($"{{'metadata':{{'namespace':'{ns}','name':'{name}'}},'spec':{spec}}}".Replace('\'', '"'))!.AsObject());
        return this;
    }

    public Task<JsonObject?> FindConfigMapAsync(string ns, string name, CancellationToken cancellation) => Find("configmaps/" + name);

    public Task<JsonObject?> FindSecretAsync(string ns, string name, CancellationToken cancellation) => Find("secrets/" + name);

    public Task<JsonObject?> FindAsync(string path, CancellationToken cancellation) => Find(path);

    public IReadOnlyList<JsonObject> ListServices(string ns) => Services;

    private Task<JsonObject?> Find(string path) => Task.FromResult(Objects.GetValueOrDefault(path));
}
