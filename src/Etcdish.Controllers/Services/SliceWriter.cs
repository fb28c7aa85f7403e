using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>Whose slices are written, and what they say besides endpoints.</summary>
/// <param name="Resource">The owner's resource.</param>
/// <param name="Owner">The owner.</param>
/// <param name="Labels">All labels of its slices.</param>
/// <param name="Annotations">Annotations of its slices.</param>
/// <param name="OwnsAnnotation">Whether an annotation that is not among them is to go.</param>
internal sealed record SliceOwner(
    ApiResource Resource,
    KubernetesObject Owner,
    Dictionary<string, string> Labels,
    Dictionary<string, string> Annotations,
    Predicate<string> OwnsAnnotation);

/// <summary>
/// The slices of one controller, found by the service they are of, and written. A slice has a name of the server's making: as long as one
/// that was created has not been seen, no further ones may be planned, or it would be made twice. For use by many threads.
/// </summary>
internal sealed class SliceWriter
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";
    public const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";

    private readonly ControllerContext _context;
    private readonly string _manager;
    private readonly Expectations _expectations;
    private readonly Index<EndpointSlice> _byService;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="manager">Who manages these slices.</param>
    /// <param name="enqueue">Is told of services whose slices changed.</param>
    public SliceWriter(ControllerContext context, string manager, Action<ObjectKey> enqueue)
    {
        _context = context;
        _manager = manager;
        _expectations = new Expectations(context.Clock);
        var slices = context.Informers.Of(Resources.EndpointSlices);
        _byService = slices.AddIndex(slice => ServiceOf(slice) is { } service ? [service.ToString()] : []);
        slices.Subscribe((before, now) =>
        {
            var told = (before is null ? null : ServiceOf(before), now is null ? null : ServiceOf(now));
            See(before, now, told.Item1, told.Item2);
            foreach (var service in new[] { told.Item1, told.Item2 }.Distinct())
            {
                if (service is { } key)
                {
                    enqueue(key);
                }
            }
        });
    }

    /// <summary>Whether all that was written for a service has been seen.</summary>
    public bool IsUpToDate(ObjectKey service) => _expectations.AreMet(service);

    /// <summary>Forgets a service that is gone.</summary>
    public void Forget(ObjectKey service) => _expectations.Forget(service);

    /// <summary>The slices of a service that are not on their way out, in the order of their names.</summary>
    public IReadOnlyList<EndpointSlice> SlicesOf(ObjectKey service) =>
        [.. _byService[service.ToString()].Where(s => !s.Metadata.IsBeingDeleted).OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)];

    /// <summary>Whether labels or annotations of a slice are not those of its owner.</summary>
    public static bool IsStale(EndpointSlice slice, SliceOwner owner, bool withAnnotations) =>
        Difference(slice.Metadata.Labels, owner.Labels, _ => true).Count > 0
        || (withAnnotations && Difference(slice.Metadata.Annotations, owner.Annotations, owner.OwnsAnnotation).Count > 0);

    /// <summary>Does what was planned.</summary>
    /// <exception cref="ApiStatusException">The server refuses, or somebody was faster.</exception>
    public async Task ApplyAsync(SlicePlan plan, SliceOwner owner, CancellationToken cancellation)
    {
        // While the owner is on its way out its slices are too, and one made now might stay behind.
        if (!owner.Owner.Metadata.IsBeingDeleted)
        {
            foreach (var draft in plan.Creations)
            {
                await CreateAsync(draft, owner, cancellation);
            }
        }

        foreach (var draft in plan.Updates)
        {
            await UpdateAsync(draft, draft.Existing!, owner, cancellation);
        }

        foreach (var slice in plan.Deletions)
        {
            await DeleteAsync(slice, owner.Owner.Key, cancellation);
        }
    }

    private ObjectKey? ServiceOf(EndpointSlice slice) =>
        slice.Metadata.Labels.GetValueOrDefault(ManagedByLabel) == _manager
        && slice.Metadata.Labels.TryGetValue(ServiceNameLabel, out var name) && name.Length > 0
            ? new ObjectKey(slice.Metadata.Namespace, name)
            : null;

    private void See(EndpointSlice? before, EndpointSlice? now, ObjectKey? serviceBefore, ObjectKey? serviceNow)
    {
        if (before is null && serviceNow is { } created)
        {
            _expectations.CreationSeen(created);
        }

        if (serviceBefore is { } gone && (now is null || now.Metadata.IsBeingDeleted))
        {
            _expectations.DeletionSeen(gone, before!.Metadata.Uid);
        }
    }

    private async Task CreateAsync(SliceDraft draft, SliceOwner owner, CancellationToken cancellation)
    {
        var key = owner.Owner.Key;
        var metadata = new JsonObject
        {
            ["generateName"] = key.Name + "-",
            ["labels"] = Texts(owner.Labels),
            ["ownerReferences"] = new JsonArray(OwnerReference.ToController(owner.Resource, owner.Owner)),
        };
        if (owner.Annotations.Count > 0)
        {
            metadata["annotations"] = Texts(owner.Annotations);
        }

        var slice = new JsonObject
        {
            ["apiVersion"] = Resources.EndpointSlices.ApiVersion,
            ["kind"] = Resources.EndpointSlices.Kind,
            ["metadata"] = metadata,
            ["addressType"] = draft.AddressType,
            ["endpoints"] = EndpointForm.Write(draft.Endpoints),
            ["ports"] = EndpointForm.Write(draft.Ports, withEmptyNames: true),
        };
        var isMade = false;
        _expectations.ExpectCreations(key, 1);
        try
        {
            await _context.Client.CreateAsync(Resources.EndpointSlices, key.Namespace, slice, cancellation);
            isMade = true;
        }
        catch (ApiStatusException e) when (e.IsNamespaceTerminating)
        {
            // Neither service nor slices will be there for long.
        }
        finally
        {
            // If only the answer was lost, there is a slice too many for a moment: better than none for five minutes.
            if (!isMade)
            {
                _expectations.CreationSeen(key);
            }
        }
    }

    private async Task UpdateAsync(SliceDraft draft, EndpointSlice slice, SliceOwner owner, CancellationToken cancellation)
    {
        var metadata = new JsonObject { ["resourceVersion"] = slice.Metadata.ResourceVersion, ["uid"] = slice.Metadata.Uid };
        AddUnlessEmpty(metadata, "labels", Difference(slice.Metadata.Labels, owner.Labels, _ => true));
        AddUnlessEmpty(metadata, "annotations", Difference(slice.Metadata.Annotations, owner.Annotations, owner.OwnsAnnotation));
        var patch = new JsonObject
        {
            ["metadata"] = metadata,
            ["endpoints"] = EndpointForm.Write(draft.Endpoints),
            ["ports"] = EndpointForm.Write(draft.Ports, withEmptyNames: true),
        };
        await _context.Client.PatchAsync(
            Resources.EndpointSlices, slice.Metadata.Namespace, slice.Metadata.Name, patch, PatchKind.Merge, "", cancellation);
    }

    private async Task DeleteAsync(EndpointSlice slice, ObjectKey service, CancellationToken cancellation)
    {
        var uid = slice.Metadata.Uid;
        var isDeleted = false;
        _expectations.ExpectDeletions(service, [uid]);
        try
        {
            isDeleted = await _context.Client.DeleteAsync(
                Resources.EndpointSlices,
                slice.Metadata.Namespace,
                slice.Metadata.Name,
                new DeleteOptions { Uid = uid, ResourceVersion = slice.Metadata.ResourceVersion },
                cancellation);
        }
        finally
        {
            if (!isDeleted)
            {
                _expectations.DeletionSeen(service, uid);
            }
        }
    }

    /// <summary>What a merge patch must say that texts become those wanted.</summary>
    internal static JsonObject Difference(
        Dictionary<string, string> there, Dictionary<string, string> wanted, Predicate<string> mayRemove)
    {
        var patch = new JsonObject();
        foreach (var (key, value) in wanted)
        {
            if (!there.TryGetValue(key, out var known) || known != value)
            {
                patch[key] = value;
            }
        }

        foreach (var key in there.Keys)
        {
            if (!wanted.ContainsKey(key) && mayRemove(key))
            {
                patch[key] = null;
            }
        }

        return patch;
    }

    internal static void AddUnlessEmpty(JsonObject target, string field, JsonObject value)
    {
        if (value.Count > 0)
        {
            target[field] = value;
        }
    }

    internal static JsonObject Texts(Dictionary<string, string> texts) =>
        new(texts.Select(text => KeyValuePair.Create<string, JsonNode?>(text.Key, text.Value)));
}
