using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>A stored object, as a write left it.</summary>
/// <param name="Value">Its bytes.</param>
/// <param name="Revision">Its revision; 0 for what a dry run would have created.</param>
/// <param name="IsNew">Whether the write created it.</param>
internal readonly record struct Written(ReadOnlyMemory<byte> Value, long Revision, bool IsNew);

/// <summary>
/// The one path that creations and changes of all kinds take: defaults, admission, what the server decides, checks, then a conditional
/// write that is tried again with what stands there when somebody else was faster.
/// </summary>
internal sealed class ObjectWriter(IObjectStore store, MetadataRules metadata, NamespaceGate namespaces, AdmissionChain admission)
{
    private const int MaxNameTries = 8;

    /// <exception cref="ApiException">The object is refused.</exception>
    public async Task<Written> CreateAsync(WriteRequest request, JsonObject value, CancellationToken cancellation)
    {
        var type = request.Type;
        MetadataRules.CheckScope(type, request.Namespace, value);
        var prefix = value.Part("metadata").Text("generateName");
        var generates = value.Name().Length == 0 && prefix.Length > 0;
        for (var attempt = 1; ; attempt++)
        {
            var candidate = (JsonObject)value.DeepClone();
            if (generates)
            {
                candidate.Metadata()["name"] = MetadataRules.GenerateName(prefix);
            }

            var name = candidate.Name();
            await namespaces.CheckCreateAsync(type, request.Namespace, name, cancellation);
            if (await TryCreateAsync(request with { Name = name }, candidate, cancellation) is { } written)
            {
                return written;
            }

            if (!generates)
            {
                throw ApiErrors.AlreadyExists(type.Info, name);
            }

            if (attempt == MaxNameTries)
            {
                throw ApiErrors.NoNameLeft(type.Info, name);
            }
        }
    }

    /// <summary>Changes an object by a function of what stands there, which may run more than once.</summary>
    /// <param name="request">Which object, which part of it, and who changes it.</param>
    /// <param name="change">Makes the new object from the stored one, which carries its resourceVersion and is the function's own; null = missing.</param>
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

            var stored = ApiJson.Parse(current.Value.Span);
            var seen = (JsonObject)stored.DeepClone();
            seen.Metadata()["resourceVersion"] = Revisions.Format(current.Revision);
            var wanted = change(seen);
            CheckRevision(type, request.Name, wanted, current.Revision);
            var next = MetadataRules.Merge(type, stored, wanted, request.Part);
            var review = new AdmissionRequest(AdmissionOperation.Update, request, next, stored);
            var outcome = await TryUpdateAsync(review, current, cancellation);
            if (outcome.Written is { } written)
            {
                return written;
            }

            found = outcome.Current;
        }
    }

    private async Task<Written> CreateByUpdateAsync(
        WriteRequest request, Func<JsonObject?, JsonObject> change, CancellationToken cancellation)
    {
        if (request.Part != UpdatePart.Main || !request.Type.Rules.CreatesOnUpdate)
        {
            throw ApiErrors.NotFound(request.Type.Info, request.Name);
        }

        var wanted = change(null);
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

    /// <summary>One try; null if the name is taken.</summary>
    private async Task<Written?> TryCreateAsync(WriteRequest request, JsonObject value, CancellationToken cancellation)
    {
        var type = request.Type;
        var review = new AdmissionRequest(AdmissionOperation.Create, request, value, null);
        var isWritten = false;
        try
        {
            metadata.Begin(type, value);
            var bytes = await PrepareAsync(review, cancellation);
            var outcome = await CreateAsync(type.KeyOf(request.Namespace, value.Name()), bytes, request.IsDryRun, cancellation);
            isWritten = outcome.Succeeded && !request.IsDryRun;
            return outcome.Succeeded ? new Written(bytes, outcome.Revision, true) : null;
        }
        finally
        {
            if (!isWritten)
            {
                await review.UndoAsync();
            }
        }
    }

    /// <summary>One try; without an object written, it says what stands there now.</summary>
    private async Task<(Written? Written, StoredObject? Current)> TryUpdateAsync(
        AdmissionRequest review, StoredObject current, CancellationToken cancellation)
    {
        var isWritten = false;
        try
        {
            var bytes = await PrepareAsync(review, cancellation);
            if (review.Write.IsDryRun || bytes.AsSpan().SequenceEqual(current.Value.Span))
            {
                return (new Written(bytes, current.Revision, false), null);
            }

            var key = review.Write.Type.KeyOf(review.Write.Namespace, review.Write.Name);
            var outcome = Deletion.IsDue(review.Object!)
                ? await store.DeleteAsync(key, current.Revision, cancellation)
                : await store.UpdateAsync(key, bytes, current.Revision, cancellation);
            isWritten = outcome.Succeeded;
            return isWritten ? (new Written(bytes, outcome.Revision, false), null) : (null, outcome.Current);
        }
        finally
        {
            if (!isWritten)
            {
                await review.UndoAsync();
            }
        }
    }

    /// <summary>Defaults, admission, what the server decides, checks, and then the bytes to store.</summary>
    private async ValueTask<byte[]> PrepareAsync(AdmissionRequest review, CancellationToken cancellation)
    {
        var type = review.Write.Type;
        var value = review.Object!;
        type.Rules.ApplyDefaults?.Invoke(value);
        await admission.AdmitAsync(review, cancellation);
        type.Rules.Prepare?.Invoke(value, review.Stored);
        CheckFields(review.Write, value, review.Stored);
        if (review.Stored is not null)
        {
            MetadataRules.CountGeneration(type, value, review.Stored);
        }

        await admission.ValidateAsync(review, cancellation);
        return ApiJson.Write(value.InStoredOrder(type.Info.Kind, type.Info.ApiVersion));
    }

    private static void CheckFields(WriteRequest request, JsonObject value, JsonObject? stored)
    {
        var type = request.Type;
        var errors = new List<FieldError>();
        MetadataChecks.Check(type, value, stored, errors);
        type.Rules.Validate?.Invoke(value, stored, errors);
        if (stored is not null)
        {
            type.Rules.ValidateChange?.Invoke(request.Subresource, value, stored, errors);
        }

        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(type.Info, value.Name(), errors);
        }
    }

    private async ValueTask<StoreWrite> CreateAsync(string key, byte[] bytes, bool isDryRun, CancellationToken cancellation)
    {
        if (!isDryRun)
        {
            return await store.CreateAsync(key, bytes, cancellation);
        }

        var found = await store.GetAsync(key, cancellation);
        return new StoreWrite(found is null, 0, found);
    }
}
