using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>A stored object, as a write left it.</summary>
/// <param name="Value">Its bytes.</param>
/// <param name="Revision">Its revision; 0 for what a dry run would have created.</param>
/// <param name="IsNew">Whether the write created it.</param>
internal readonly record struct Written(ReadOnlyMemory<byte> Value, long Revision, bool IsNew);

/// <summary>
/// The one path that creations and changes of all kinds take: metadata, defaults, checks, then a conditional write that is tried again
/// with what stands there when somebody else was faster.
/// </summary>
internal sealed class ObjectWriter(IObjectStore store, MetadataRules metadata, NamespaceGate namespaces)
{
    private const int MaxNameTries = 8;

    /// <exception cref="ApiException">The object is refused.</exception>
    public async Task<Written> CreateAsync(
        ResourceType type, string scope, JsonObject value, bool isDryRun, CancellationToken cancellation)
    {
        MetadataRules.CheckScope(type, scope, value);
        var prefix = value.Part("metadata").Text("generateName");
        var generates = value.Name().Length == 0 && prefix.Length > 0;
        for (var attempt = 1; ; attempt++)
        {
            if (generates)
            {
                value.Metadata()["name"] = MetadataRules.GenerateName(prefix);
            }

            var bytes = Prepare(type, value);
            var name = value.Name();
            await namespaces.CheckCreateAsync(type, scope, name, cancellation);
            var outcome = await TryCreateAsync(type.KeyOf(scope, name), bytes, isDryRun, cancellation);
            if (outcome.Succeeded)
            {
                return new Written(bytes, outcome.Revision, true);
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
    /// <param name="type">The resource.</param>
    /// <param name="scope">The namespace, or empty.</param>
    /// <param name="name">The name.</param>
    /// <param name="part">Which part of the object may change.</param>
    /// <param name="change">Makes the new object from the stored one, which carries its resourceVersion and must not be changed; null = missing.</param>
    /// <param name="isDryRun">Whether everything is done but the write.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ApiException">The change is refused.</exception>
    public async Task<Written> UpdateAsync(
        ResourceType type,
        string scope,
        string name,
        UpdatePart part,
        Func<JsonObject?, JsonObject> change,
        bool isDryRun,
        CancellationToken cancellation)
    {
        var key = type.KeyOf(scope, name);
        var found = await store.GetAsync(key, cancellation);
        while (true)
        {
            if (found is not { } current)
            {
                return await CreateByUpdateAsync(type, scope, name, part, change, isDryRun, cancellation);
            }

            var stored = ApiJson.Parse(current.Value.Span);
            var seen = (JsonObject)stored.DeepClone();
            seen.Metadata()["resourceVersion"] = Revisions.Format(current.Revision);
            var wanted = change(seen);
            CheckRevision(type, name, wanted, current.Revision);
            var next = MetadataRules.Merge(type, stored, wanted, part);
            var bytes = Check(type, next, stored);
            if (isDryRun || bytes.AsSpan().SequenceEqual(current.Value.Span))
            {
                return new Written(bytes, current.Revision, false);
            }

            var outcome = Deletion.IsDue(next)
                ? await store.DeleteAsync(key, current.Revision, cancellation)
                : await store.UpdateAsync(key, bytes, current.Revision, cancellation);
            if (outcome.Succeeded)
            {
                return new Written(bytes, outcome.Revision, false);
            }

            found = outcome.Current;
        }
    }

    private async Task<Written> CreateByUpdateAsync(
        ResourceType type,
        string scope,
        string name,
        UpdatePart part,
        Func<JsonObject?, JsonObject> change,
        bool isDryRun,
        CancellationToken cancellation)
    {
        if (part != UpdatePart.Main || !type.Rules.CreatesOnUpdate)
        {
            throw ApiErrors.NotFound(type.Info, name);
        }

        var wanted = change(null);
        if (wanted.Part("metadata").Text("resourceVersion") is { Length: > 0 })
        {
            throw ApiErrors.NotFound(type.Info, name);
        }

        return await CreateAsync(type, scope, wanted, isDryRun, cancellation);
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

    private byte[] Prepare(ResourceType type, JsonObject value)
    {
        metadata.Begin(type, value);
        return Check(type, value, stored: null);
    }

    /// <summary>Defaults, checks and the bytes to store.</summary>
    private static byte[] Check(ResourceType type, JsonObject value, JsonObject? stored)
    {
        type.Rules.Prepare?.Invoke(value, stored);
        var errors = new List<FieldError>();
        MetadataChecks.Check(type, value, stored, errors);
        type.Rules.Validate?.Invoke(value, stored, errors);
        if (errors.Count > 0)
        {
            throw ApiErrors.Invalid(type.Info, value.Name(), errors);
        }

        if (stored is not null)
        {
            MetadataRules.CountGeneration(type, value, stored);
        }

        return ApiJson.Write(value.InStoredOrder(type.Info.Kind, type.Info.ApiVersion));
    }

    private async ValueTask<StoreWrite> TryCreateAsync(string key, byte[] bytes, bool isDryRun, CancellationToken cancellation)
    {
        if (!isDryRun)
        {
            return await store.CreateAsync(key, bytes, cancellation);
        }

        var found = await store.GetAsync(key, cancellation);
        return new StoreWrite(found is null, 0, found);
    }
}
