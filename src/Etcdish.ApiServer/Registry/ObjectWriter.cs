using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Apply;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>A stored object, as a write left it.</summary>
/// <param name="Value">Its bytes.</param>
/// <param name="Revision">Its revision; 0 for what a dry run would have created.</param>
/// <param name="IsNew">Whether the write created it.</param>
internal readonly record struct Written(ReadOnlyMemory<byte> Value, long Revision, bool IsNew);

/// <summary>
/// The one path that creations and changes of all kinds take: defaults, owners of fields, admission, what the server decides, checks, then
/// a conditional write that is tried again with what stands there when somebody else was faster.
/// </summary>
internal sealed class ObjectWriter(
    IObjectStore store, MetadataRules metadata, FieldOwners owners, AdmissionChain admission)
{
    private const int MaxNameTries = 8;

    /// <exception cref="ApiException">The object is refused.</exception>
    public async Task<Written> CreateAsync(WriteRequest request, JsonObject value, CancellationToken cancellation)
    {
        var type = request.Type;
        if (type.Rules.CreationRefusal is { } why)
        {
            throw ApiErrors.Forbidden(type.Info, value.Name(), why);
        }

        MetadataRules.CheckScope(type, request.Namespace, value);
        var prefix = value.Part("metadata").Text("generateName");
        var generates = value.Name().Length == 0 && prefix.Length > 0;
        var attempt = 1;
        while (true)
        {
            var candidate = (JsonObject)value.DeepClone();
            if (generates)
            {
                candidate.Metadata()["name"] = MetadataRules.GenerateName(prefix);
            }

            var name = candidate.Name();
            var (written, isTaken) = await TryCreateAsync(request with { Name = name }, candidate, cancellation);
            if (written is { } created)
            {
                await request.SettleAsync(created.Revision, cancellation);
                return created;
            }

            if (!isTaken)
            {
                // Somebody took what this object was to get; there is more.
                continue;
            }

            if (!generates)
            {
                throw ApiErrors.AlreadyExists(type.Info, name);
            }

            if (attempt++ == MaxNameTries)
            {
                throw ApiErrors.NoNameLeft(type.Info, name);
            }
        }
    }

    /// <summary>Changes an object by a function of what stands there, which may run more than once.</summary>
    /// <param name="request">Which object, which part of it, and who changes it.</param>
    /// <param name="change">
    /// Makes the new object from the stored one, which carries its resourceVersion and is the function's own; null = missing.
    /// </param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ApiException">The change is refused.</exception>
    public async Task<Written> UpdateAsync(WriteRequest request, Func<JsonObject?, JsonObject> change, CancellationToken cancellation)
    {
        var type = request.Type;
        var key = type.KeyOf(request.Namespace, request.Name);
        var found = await store.GetAsync(key, cancellation);
        while (true)
        {
            if (found is not { } current)
            {
                return await CreateByUpdateAsync(request, change, cancellation);
            }

            var stored = ApiJson.Parse(type.ToServed(current.Value).Span);
            var seen = (JsonObject)stored.DeepClone();
            seen.Metadata()["resourceVersion"] = Revisions.Format(current.Revision);
            var wanted = change(seen);
            CheckRevision(type, request.Name, wanted, current.Revision);
            var write = StatusMetadata.Widen(request, stored, wanted);
            var next = MetadataRules.Merge(write, stored, wanted);
            using var review = new AdmissionRequest(AdmissionOperation.Update, write, next, stored);
            var outcome = await TryUpdateAsync(review, current, cancellation);
            if (outcome.Written is { } written)
            {
                await request.SettleAsync(written.Revision, cancellation);
                return written;
            }

            found = outcome.Current;
        }
    }

    /// <summary>Applies a configuration to an object, which is created if it is missing.</summary>
    /// <exception cref="ApiException">The configuration is refused, or conflicts with what others own.</exception>
    public Task<Written> ApplyAsync(WriteRequest request, ApplyConfiguration configuration, CancellationToken cancellation)
    {
        var apply = request with { IsApply = true };
        return UpdateAsync(apply, stored => owners.Apply(apply, stored, configuration), cancellation);
    }

    private async Task<Written> CreateByUpdateAsync(
        WriteRequest request, Func<JsonObject?, JsonObject> change, CancellationToken cancellation)
    {
        var mayCreate = request.IsApply || request.Type.Rules.CreatesOnUpdate;
        if (request.Part != UpdatePart.Main || !mayCreate)
        {
            throw ApiErrors.NotFound(request.Type.Info, request.Name);
        }

        var wanted = change(null);
        if (request.IsApply)
        {
            MetadataRules.CheckNew(request, wanted);
            return await CreateAsync(request, wanted, cancellation);
        }

        if (wanted.Part("metadata").Text("resourceVersion") is { Length: > 0 })
        {
            throw ApiErrors.NotFound(request.Type.Info, request.Name);
        }

        return await CreateAsync(request, wanted, cancellation);
    }

    /// <summary>A client that names a revision changes that revision or nothing.</summary>
    private static void CheckRevision(ResourceType type, string name, JsonObject wanted, long current)
    {
        var text = wanted.Part("metadata").Text("resourceVersion");
        if (text.Length == 0)
        {
            if (!type.Rules.AllowsUnconditionalUpdate)
            {
                throw ApiErrors.Invalid(type.Info, name, [
                    new FieldError("metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0: must be specified for an update"),
                ]);
            }
        }
        else if (text != Revisions.Format(current))
        {
            throw ApiErrors.Modified(type.Info, name);
        }
    }

    /// <summary>One try; without an object written, whether that is for its name.</summary>
    private async Task<(Written? Written, bool IsTaken)> TryCreateAsync(
        WriteRequest request, JsonObject value, CancellationToken cancellation)
    {
        var type = request.Type;
        using var review = new AdmissionRequest(AdmissionOperation.Create, request, value, null);
        metadata.Begin(type, value);
        await PrepareAsync(review, cancellation);
        var bytes = ApiJson.Write(value);
        var outcome = await CreateAsync(review, type.KeyOf(request.Namespace, value.Name()), type.ToStored(bytes), cancellation);
        return outcome.Succeeded ? (new Written(bytes, outcome.Revision, true), false) : (null, outcome.Current is not null);
    }

    /// <summary>One try; without an object written, it says what stands there now.</summary>
    private async Task<(Written? Written, StoredObject? Current)> TryUpdateAsync(
        AdmissionRequest review, StoredObject current, CancellationToken cancellation)
    {
        await PrepareAsync(review, cancellation);
        var type = review.Write.Type;
        if (FieldOwners.AreSame(review.Stored!, review.Object!, review.Write.Part.OnlyField) && type.IsInStoredForm(current.Value))
        {
            return (new Written(type.ToServed(current.Value), current.Revision, false), null);
        }

        var bytes = ApiJson.Write(review.Object!);
        if (review.Write.IsDryRun)
        {
            return (new Written(bytes, current.Revision, false), null);
        }

        if (Deletion.IsDue(review.Object!))
        {
            review.Dispose();
            return await FinishDeletionAsync(review.Write, current, bytes, cancellation);
        }

        var key = type.KeyOf(review.Write.Namespace, review.Write.Name);
        var outcome = await JointWrite.RunAsync(
            store, new StoreAction(key, type.ToStored(bytes), current.Revision), review.Companions, cancellation);
        return outcome.Succeeded ? (new Written(bytes, outcome.Revision, false), null) : (null, outcome.Current);
    }

    /// <summary>The object waited for this change to go, and goes with it.</summary>
    private async Task<(Written? Written, StoredObject? Current)> FinishDeletionAsync(
        WriteRequest request, StoredObject current, byte[] bytes, CancellationToken cancellation)
    {
        using var release = new AdmissionRequest(
            AdmissionOperation.Delete, request, null, ApiJson.Parse(request.Type.ToServed(current.Value).Span));
        await admission.ReleaseAsync(release, cancellation);
        var action = new StoreAction(request.Type.KeyOf(request.Namespace, request.Name), null, current.Revision);
        var outcome = await JointWrite.RunAsync(store, action, release.Companions, cancellation);
        return outcome.Succeeded ? (new Written(bytes, outcome.Revision, false), null) : (null, outcome.Current);
    }

    /// <summary>Defaults, owners, admission, what the server decides, and checks: then the object is as it will be stored.</summary>
    private async ValueTask PrepareAsync(AdmissionRequest review, CancellationToken cancellation)
    {
        var type = review.Write.Type;
        var value = review.Object!;
        if (!IsOnlyOfStatus(review.Write) || type.Rules.HasStatusDefaults)
        {
            type.Rules.ApplyDefaults?.Invoke(value);
        }

        if (!review.Write.IsApply)
        {
            owners.Record(review.Write, review.Stored, value);
        }

        await admission.AdmitAsync(review, cancellation);
        type.Rules.Prepare?.Invoke(value, review.Stored);
        CheckFields(review.Write, value, review.Stored);
        if (review.Stored is not null && review.Write.Part.CountsGeneration)
        {
            MetadataRules.CountGeneration(type, value, review.Stored);
        }

        foreach (var warning in type.Rules.Warnings?.Invoke(value, review.Stored) ?? [])
        {
            review.Write.Warn(warning);
        }

        await admission.ValidateAsync(review, cancellation);
        value.InStoredOrder(type.Info.Kind, type.Info.ApiVersion);
    }

    /// <summary>Custom objects have one schema for all their parts: it is asked as a whole.</summary>
    private static bool IsOnlyOfStatus(WriteRequest request) => request.Part.IsStatus && request.Type.Custom is null;

    private static void CheckFields(WriteRequest request, JsonObject value, JsonObject? stored)
    {
        var type = request.Type;
        var errors = new List<FieldError>();
        MetadataChecks.Check(type, value, stored, errors);
        if (request.Part.Check is { } check)
        {
            check(value, stored!, errors);
        }
        else
        {
            if (!IsOnlyOfStatus(request))
            {
                type.Rules.Validate?.Invoke(value, stored, errors);
            }

            if (stored is not null)
            {
                type.Rules.ValidateChange?.Invoke(request.Subresource, value, stored, errors);
            }
        }

        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(type.Info, value.Name(), errors);
        }
    }

    private async ValueTask<StoreWrite> CreateAsync(
        AdmissionRequest review, string key, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (!review.Write.IsDryRun)
        {
            return await JointWrite.RunAsync(store, new StoreAction(key, bytes, 0), review.Companions, cancellation);
        }

        var found = await store.GetAsync(key, cancellation);
        return new StoreWrite(found is null, 0, found);
    }
}
