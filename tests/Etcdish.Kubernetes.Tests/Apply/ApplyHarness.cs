using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

/// <summary>An object of one kind and those who write it, as an API server would let them.</summary>
internal sealed class ApplyHarness
{
    private readonly FieldManager _manager;
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public ApplyHarness(string apiVersion = "apps/v1", string kind = "Deployment", StructType? type = null)
    {
        ApiVersion = apiVersion;
        Kind = kind;
        _manager = new FieldManager(new SingleVersion(apiVersion, type ?? SchemaCatalog.BuiltIn.FindKind(apiVersion, kind)!));
    }

    public string ApiVersion { get; }

    public string Kind { get; }

    public JsonObject Live { get; set; } = [];

    public JsonNode Spec => Live["spec"]!;

    public void Apply(string manager, string body, bool force = false, string subresource = "", params string[] reset)
    {
        var result = _manager.Apply(Live, WithHeader(body), Context(manager, subresource, reset), force);
        Store(result);
    }

    public void Update(string manager, string body, string subresource = "", params string[] reset)
    {
        var updated = WithHeader(body);
        if (Live["metadata"]?["uid"] is { } uid)
        {
            updated["metadata"] ??= new JsonObject();
            updated["metadata"]!["uid"] = uid.DeepClone();
        }

        UpdateWhole(manager, updated, subresource, reset);
    }

    public void Change(string manager, Action<JsonObject> change, string subresource = "", params string[] reset)
    {
        var updated = Live.DeepClone().AsObject();
        change(updated);
        UpdateWhole(manager, updated, subresource, reset);
    }

    /// <summary>What a manager owns, or null if it has no entry.</summary>
    public string? Owned(string manager)
    {
        var entries = Entries().Where(e => e["manager"]!.GetValue<string>() == manager).ToArray();
        return entries.Length == 0 ? null : string.Join(' ', entries.SelectMany(e => FieldSetJson.Read(e["fieldsV1"]).Paths()));
    }

    public JsonNode Entry(string manager) => Entries().Single(e => e["manager"]!.GetValue<string>() == manager);

    public IEnumerable<JsonNode> Entries() => (Live["metadata"]?["managedFields"] as JsonArray ?? []).Select(e => e!);

    private void UpdateWhole(string manager, JsonObject updated, string subresource, string[] reset)
    {
        _manager.Update(Live.Count == 0 ? null : Live, updated, Context(manager, subresource, reset));
        Store(updated);
    }

    private void Store(JsonObject result)
    {
        result["metadata"] ??= new JsonObject();
        result["metadata"]!["uid"] ??= "1";
        Live = result;
        _now = _now.AddSeconds(1);
    }

    private JsonObject WithHeader(string body)
    {
        var config = JsonNode.Parse(body)!.AsObject();
        config["apiVersion"] ??= ApiVersion;
        config["kind"] ??= Kind;
        return config;
    }

    private WriteContext Context(string manager, string subresource, string[] reset) => new()
    {
        ApiVersion = ApiVersion,
        Manager = manager,
        Now = _now,
        Subresource = subresource,
        ResetFields = reset,
    };
}
