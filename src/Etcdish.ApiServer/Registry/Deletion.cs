using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>How a deletion went.</summary>
/// <param name="Object">The object as it was, or as it is now marked.</param>
/// <param name="Revision">Its revision.</param>
/// <param name="IsGone">Whether nothing is left of it.</param>
internal readonly record struct Deleted(ReadOnlyMemory<byte> Object, long Revision, bool IsGone);

/// <summary>
/// Deletes objects, or marks them for those who must act first: whoever runs them (a grace period), whoever cleans up behind them
/// (finalizers), or what empties a namespace.
/// </summary>
internal sealed class Deletion(IObjectStore store, MetadataRules metadata, AdmissionChain admission)
{
    /// <summary>Whether an object that is being deleted waits for nobody any more.</summary>
    public static bool IsDue(JsonObject value) =>
        value.IsBeingDeleted() && !value.HasFinalizers() && !HoldsNamespace(value)
        && (value.Part("metadata").Number("deletionGracePeriodSeconds") ?? 0) == 0;

    /// <exception cref="ApiException">It is not there, or is not the one that was meant.</exception>
    public async Task<Deleted> DeleteAsync(WriteRequest request, DeleteOptions options, CancellationToken cancellation)
    {
        var (type, scope, name) = request;
        var found = await store.GetAsync(type.KeyOf(scope, name), cancellation);
        while (found is { } current)
        {
            var outcome = await TryAsync(request, options, current, cancellation);
            if (outcome.Deleted is { } deleted)
            {
                await request.SettleAsync(deleted.Revision, cancellation);
                return deleted;
            }

            found = outcome.Current;
        }

        throw ApiErrors.NotFound(type.Info, name);
    }

    /// <summary>One try; if somebody was faster, it says what stands there now.</summary>
    private async Task<(Deleted? Deleted, StoredObject? Current)> TryAsync(
        WriteRequest request, DeleteOptions options, StoredObject current, CancellationToken cancellation)
    {
        var (type, scope, name) = request;
        var served = type.ToServed(current.Value);
        var value = ApiJson.Parse(served.Span);
        CheckPreconditions(type, name, value, current.Revision, options);
        await AdmitAsync(request, value, cancellation);
        var isMarked = Mark(type, value, options);
        if (IsDue(value))
        {
            return options.IsDryRun
                ? (new Deleted(served, current.Revision, true), null)
                : await RemoveAsync(request, current, served, cancellation);
        }

        var bytes = ApiJson.Write(value.InStoredOrder(type.Info.Kind, type.Info.ApiVersion));
        if (!isMarked || options.IsDryRun)
        {
            return (new Deleted(bytes, current.Revision, false), null);
        }

        var update = await store.UpdateAsync(type.KeyOf(scope, name), type.ToStored(bytes), current.Revision, cancellation);
        return update.Succeeded ? (new Deleted(bytes, update.Revision, false), null) : (null, update.Current);
    }

    private async Task<(Deleted? Deleted, StoredObject? Current)> RemoveAsync(
        WriteRequest request, StoredObject current, ReadOnlyMemory<byte> served, CancellationToken cancellation)
    {
        using var release = new AdmissionRequest(AdmissionOperation.Delete, request, null, ApiJson.Parse(served.Span));
        await admission.ReleaseAsync(release, cancellation);
        var action = new StoreAction(request.Type.KeyOf(request.Namespace, request.Name), null, current.Revision);
        var deletion = await JointWrite.RunAsync(store, action, release.Companions, cancellation);
        return deletion.Succeeded ? (new Deleted(served, deletion.Revision, true), null) : (null, deletion.Current);
    }

    private async ValueTask AdmitAsync(WriteRequest request, JsonObject value, CancellationToken cancellation)
    {
        using var review = new AdmissionRequest(AdmissionOperation.Delete, request, null, value);
        await admission.AdmitAsync(review, cancellation);
        await admission.ValidateAsync(review, cancellation);
    }

    /// <summary>Sets what a deletion sets; false if nothing changed.</summary>
    private bool Mark(ResourceType type, JsonObject value, DeleteOptions options)
    {
        var before = (JsonObject)value.DeepClone();
        var fields = value.Metadata();
        SetPropagationFinalizers(fields, options.Propagation);
        var grace = type.Rules.GraceSeconds is { } graceOf ? options.GraceSeconds ?? graceOf(value) : 0;
        if (type.Rules.GraceSeconds is { } natural && natural(value) == 0)
        {
            grace = 0;
        }

        if (!value.IsBeingDeleted())
        {
            fields["deletionTimestamp"] = metadata.Later(grace);
            type.Rules.BeginDeletion?.Invoke(value);
            fields["deletionGracePeriodSeconds"] = grace;
            if (type.Rules.HasGeneration)
            {
                fields["generation"] = (fields.Number("generation") ?? 0) + 1;
            }
        }
        else if (grace < (fields.Number("deletionGracePeriodSeconds") ?? 0))
        {
            // A grace period may be shortened, never lengthened.
            fields["deletionTimestamp"] = metadata.Later(grace);
            fields["deletionGracePeriodSeconds"] = grace;
        }

        if (type.Info.Kind == "Namespace")
        {
            value.Ensure("status")["phase"] = "Terminating";
        }

        return !JsonNode.DeepEquals(before, value);
    }

    private static void SetPropagationFinalizers(JsonObject fields, string propagation)
    {
        if (propagation is not ("Orphan" or "Foreground" or "Background"))
        {
            return;
        }

        var wanted = propagation switch { "Orphan" => "orphan", "Foreground" => "foregroundDeletion", _ => "" };
        var others = fields.Items("finalizers").Select(f => f!.GetValue<string>()).Where(f => f is not ("orphan" or "foregroundDeletion"));
        var all = wanted.Length > 0 ? others.Append(wanted).ToArray() : [.. others];
        if (all.Length == 0)
        {
            fields.Remove("finalizers");
        }
        else
        {
            fields["finalizers"] = new JsonArray([.. all.Select(f => (JsonNode)f)]);
        }
    }

    private static bool HoldsNamespace(JsonObject value) =>
        value.Text("kind") == "Namespace" && value.Part("spec").Items("finalizers").Any();

    /// <exception cref="ApiException">The object is not the one that was meant.</exception>
    public static void CheckPreconditions(ResourceType type, string name, JsonObject value, long revision, DeleteOptions options)
    {
        if (options.Uid is { } uid && uid != value.Uid())
        {
            throw ApiErrors.Conflict(
                type.Info, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {value.Uid()}");
        }

        if (options.ResourceVersion is { } wanted && wanted != Revisions.Format(revision))
        {
            throw ApiErrors.Conflict(
                type.Info,
                name,
                $"Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in object meta: {revision}");
        }
    }
}
