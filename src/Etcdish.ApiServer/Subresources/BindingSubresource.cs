using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Gives a pod to a node, once: how a scheduler writes its decision.</summary>
internal sealed class BindingSubresource(
    IObjectStore store, ResourceDirectory resources, ObjectWriter writer, MetadataRules metadata) : ISubresource
{
    // Where a node stands is known to its pods by the same labels.
    private static readonly string[] _topologyLabels = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

    private static readonly string[] _preconditions = ["uid", "resourceVersion"];

    // A scheduler's decision is no change of what the user wants, so it does not count as a generation.
    private static readonly UpdatePart _part = new("binding", Take) { CountsGeneration = false, Check = (_, _, _) => { } };

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
        await writer.UpdateAsync(request.ToWrite(options, _part), pod => Bind(request, pod!, binding), request.Cancellation);
        await SubresourceBody.SendCreatedAsync(request);
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

        var known = ApiJson.Parse(found.Value.Span).Part("metadata").Part("labels");
        foreach (var label in _topologyLabels)
        {
            if (known?[label] is { } value)
            {
                binding.Metadata().Ensure("labels").Default(label, value.DeepClone());
            }
        }
    }

    private JsonObject Bind(ApiRequest request, JsonObject pod, JsonObject binding)
    {
        if (Refusal(pod) is { } refusal)
        {
            throw ApiErrors.Conflict(request.Type.Info with { Name = "pods/binding" }, request.Name, refusal);
        }

        foreach (var field in _preconditions)
        {
            if (binding.Part("metadata").Text(field) is { Length: > 0 } expected)
            {
                pod.Metadata()[field] = expected;
            }
        }

        pod.Ensure("spec")["nodeName"] = binding.Part("target").Text("name");
        Merge(pod, binding, "annotations");
        Merge(pod, binding, "labels");
        var condition = new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null };
        Conditions.Set(pod.Ensure("status"), condition, metadata.Now());
        return pod;
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

    private static void Merge(JsonObject pod, JsonObject binding, string field)
    {
        foreach (var (key, value) in binding.Part("metadata").Part(field) ?? [])
        {
            pod.Metadata().Ensure(field)[key] = value?.DeepClone();
        }
    }

    private static void Take(JsonObject result, JsonObject wanted)
    {
        result.Metadata().CopyFrom(wanted.Part("metadata"), "annotations");
        result.Metadata().CopyFrom(wanted.Part("metadata"), "labels");
        result.Ensure("spec").CopyFrom(wanted.Part("spec"), "nodeName");
        result.Ensure("status").CopyFrom(wanted.Part("status"), "conditions");
    }
}
