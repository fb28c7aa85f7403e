using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Subresources;

/// <summary>
/// Gives a pod to a node, once: how a scheduler writes its decision. As in Kubernetes such a write passes neither defaults nor admission, and
/// makes nobody the owner of a field, so it goes straight to the store: a cluster that grows does little else.
/// </summary>
internal sealed class BindingSubresource(IObjectStore store, ResourceDirectory resources, MetadataRules metadata) : ISubresource
{
    // Where a node stands is known to its pods by the same labels.
    private static readonly string[] _topologyLabels = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

    public string Name => "binding";

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Http.Request.Method != "POST")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var options = WriteOptions.Read(request.Http.Request.Query);
        var binding = await SubresourceBody.ReadAsync(request, "v1", "Binding", options.Validation);
        SubresourceBody.CheckName(request, binding, "Binding");
        await BindAsync(request, binding, options);
    }

    /// <summary>Gives the pod that a request is for to a node, and answers.</summary>
    public async Task BindAsync(ApiRequest request, JsonObject binding, WriteOptions options)
    {
        MetadataRules.CheckScope(request.Type, request.Namespace, binding);
        Check(request, binding);
        await AddTopologyAsync(binding, request.Cancellation);
        await WriteAsync(request, binding, options);
        await SubresourceBody.SendCreatedAsync(request);
    }

    private async Task WriteAsync(ApiRequest request, JsonObject binding, WriteOptions options)
    {
        var key = request.Type.KeyOf(request.Namespace, request.Name);
        var found = await store.GetAsync(key, request.Cancellation);
        while (found is { } current)
        {
            var pod = ApiJson.Parse(current.Value.Span);
            Bind(request, pod, current.Revision, binding);
            if (options.IsDryRun)
            {
                return;
            }

            var outcome = await store.UpdateAsync(key, ApiJson.Write(pod), current.Revision, request.Cancellation);
            if (outcome.Succeeded)
            {
                return;
            }

            found = outcome.Current;
        }

        throw ApiErrors.NotFound(request.Type.Info, request.Name);
    }

    private static void Check(ApiRequest request, JsonObject binding)
    {
        var errors = new List<FieldError>();
        var target = binding.Part("target");
        if (target.Text("kind") is not ("" or "Node"))
        {
            errors.Add(FieldError.NotSupported("target.kind", target.Text("kind"), ["Node", "<empty>"]));
        }

        if (target.Text("name").Length == 0)
        {
            errors.Add(FieldError.Required("target.name"));
        }

        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(request.Type.Info with { Kind = "Binding" }, request.Name, errors);
        }
    }

    private async Task AddTopologyAsync(JsonObject binding, CancellationToken cancellation)
    {
        var nodes = resources.Find("", "v1", "nodes")!;
        if (await store.GetAsync(nodes.KeyOf("", binding.Part("target").Text("name")), cancellation) is not { } found)
        {
            return;
        }

        using var node = JsonDocument.Parse(found.Value, ApiJson.Reader);
        var known = ObjectFacts.ReadLabels(node.RootElement);
        foreach (var label in _topologyLabels)
        {
            if (known.TryGetValue(label, out var value))
            {
                binding.Metadata().Ensure("labels").Default(label, value);
            }
        }
    }

    private void Bind(ApiRequest request, JsonObject pod, long revision, JsonObject binding)
    {
        CheckPreconditions(request, pod, revision, binding.Part("metadata"));
        if (Refusal(pod) is { } refusal)
        {
            throw ApiErrors.Conflict(request.Type.Info with { Name = "pods/binding" }, request.Name, refusal);
        }

        pod.Ensure("spec")["nodeName"] = binding.Part("target").Text("name");
        if (Merge(pod, binding, "annotations") | Merge(pod, binding, "labels"))
        {
            var errors = new List<FieldError>();
            MetadataChecks.Check(request.Type, pod, pod, errors);
            if (errors.Count > 0)
            {
                throw ApiErrors.Invalid(request.Type.Info, request.Name, errors);
            }
        }

        var condition = new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null };
        Conditions.Set(pod.Ensure("status"), condition, metadata.Now());
    }

    private static void CheckPreconditions(ApiRequest request, JsonObject pod, long revision, JsonObject? expected)
    {
        if (expected.Text("uid") is { Length: > 0 } uid && uid != pod.Uid())
        {
            throw ApiErrors.Conflict(
                request.Type.Info, request.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.Uid()}");
        }

        if (expected.Text("resourceVersion") is { Length: > 0 } version && version != Revisions.Format(revision))
        {
            throw ApiErrors.Modified(request.Type.Info, request.Name);
        }
    }

    private static string? Refusal(JsonObject pod)
    {
        if (pod.IsBeingDeleted())
        {
            return $"pod {pod.Name()} is being deleted, cannot be assigned to a host";
        }

        if (pod.Part("spec").Text("nodeName") is { Length: > 0 } node)
        {
            return $"pod {pod.Name()} is already assigned to node \"{node}\"";
        }

        return pod.Part("spec").Items("schedulingGates").Any() ? $"pod {pod.Name()} has non-empty .spec.schedulingGates" : null;
    }

    private static bool Merge(JsonObject pod, JsonObject binding, string field)
    {
        var given = binding.Part("metadata").Part(field);
        foreach (var (key, value) in given ?? [])
        {
            pod.Metadata().Ensure(field)[key] = value?.DeepClone();
        }

        return given is { Count: > 0 };
    }
}
