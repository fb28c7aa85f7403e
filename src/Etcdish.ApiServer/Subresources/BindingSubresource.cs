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
    private readonly NodeTopology _topology = new(store, resources);

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
        var bringsMetadata = BringsMetadata(binding);
        await AddTopologyAsync(binding, request.Cancellation);
        await WriteAsync(request, binding, bringsMetadata, options);
        await SubresourceBody.SendCreatedAsync(request);
    }

    private async Task WriteAsync(ApiRequest request, JsonObject binding, bool bringsMetadata, WriteOptions options)
    {
        var key = request.Type.KeyOf(request.Namespace, request.Name);
        var found = await store.GetAsync(key, request.Cancellation);
        while (found is { } current)
        {
            var bound = Bind(request, current, binding);
            if (bringsMetadata)
            {
                CheckMetadata(request, ApiJson.Parse(bound.Span));
            }

            if (options.IsDryRun)
            {
                return;
            }

            var outcome = await store.UpdateAsync(key, bound, current.Revision, request.Cancellation);
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
        foreach (var (label, value) in await _topology.OfAsync(binding.Part("target").Text("name"), cancellation))
        {
            binding.Metadata().Ensure("labels").Default(label, value);
        }
    }

    /// <summary>The pod with its node.</summary>
    private ReadOnlyMemory<byte> Bind(ApiRequest request, StoredObject stored, JsonObject binding)
    {
        // About what a node's name, its topology and a condition take.
        const int RoomForBinding = 512;
        using var document = JsonDocument.Parse(stored.Value, ApiJson.Reader);
        var pod = new PodBinding(document.RootElement, binding);
        CheckPreconditions(request, pod.Uid, stored.Revision, binding.Part("metadata"));
        if (pod.Refusal is { } refusal)
        {
            throw ApiErrors.Conflict(request.Type.Info with { Name = "pods/binding" }, request.Name, refusal);
        }

        return pod.Write(stored.Value.Length + RoomForBinding, metadata.Now());
    }

    private static bool BringsMetadata(JsonObject binding) =>
        binding.Part("metadata").Part("labels") is { Count: > 0 } || binding.Part("metadata").Part("annotations") is { Count: > 0 };

    private static void CheckMetadata(ApiRequest request, JsonObject pod)
    {
        var errors = new List<FieldError>();
        MetadataChecks.Check(request.Type, pod, pod, errors);
        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(request.Type.Info, request.Name, errors);
        }
    }

    private static void CheckPreconditions(ApiRequest request, string uid, long revision, JsonObject? expected)
    {
        if (expected.Text("uid") is { Length: > 0 } wanted && wanted != uid)
        {
            throw ApiErrors.Conflict(
                request.Type.Info, request.Name, $"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}");
        }

        if (expected.Text("resourceVersion") is { Length: > 0 } version && version != Revisions.Format(revision))
        {
            throw ApiErrors.Modified(request.Type.Info, request.Name);
        }
    }
}
