using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// Server-side apply, and the record of who owns which field (<c>metadata.managedFields</c>) for every other write. For the objects of one
/// kind; safe for use by many threads. Objects are compared as they are, so they must be in their canonical form, defaults included.
/// </summary>
public sealed class FieldManager(IObjectVersions versions)
{
    private const string BeforeFirstApply = "before-first-apply";

    /// <summary>What no manager ever owns: the server writes it.</summary>
    private static readonly FieldSet _neverOwned = FieldSetOf(
    [
        "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.creationTimestamp", "metadata.selfLink",
        "metadata.uid", "metadata.clusterName", "metadata.generation", "metadata.managedFields", "metadata.resourceVersion",
    ]);

    /// <summary>Applies a configuration to an object.</summary>
    /// <param name="live">The object as stored, or an empty one to create it. Stays unchanged.</param>
    /// <param name="config">What the manager wants, without <c>managedFields</c>. Stays unchanged.</param>
    /// <param name="context">Who applies.</param>
    /// <param name="force">Whether to take fields from their owners.</param>
    /// <returns>
    /// The object with its owners, equal to the live one if nothing changed. Neither defaulted nor canonical: nulls that were applied stand
    /// in it until <see cref="TypedJson"/> has dropped them.
    /// </returns>
    /// <exception cref="ApplyConflictException">Others own what the configuration changes, and it is not forced.</exception>
    /// <exception cref="ApplyException">The configuration is no object of the type, or for another version.</exception>
    public JsonObject Apply(JsonObject live, JsonObject config, WriteContext context, bool force)
    {
        CheckConfig(config, context);
        try
        {
            return ApplyOnce(live, config, context, force);
        }
        catch (ApplyConflictException conflict) when (context.Manager == LastApplied.Manager && LastApplied.Read(live) is { } last)
        {
            // An object that kubectl manages by its annotation changes over to server-side apply: what the annotation has is its own.
            var own = LastApplied.IsFor(last, context.ApiVersion) ? Engine(context).UnchangedFields(last, live) : FieldSet.Empty;
            if (!conflict.Fields.Except(own).IsEmpty)
            {
                var paths = own.Paths().ToHashSet(StringComparer.Ordinal);
                throw new ApplyConflictException(
                    [.. conflict.Conflicts.Where(c => !paths.Contains(c.Field))], conflict.Fields.Except(own));
            }

            return ApplyOnce(live, config, context, force: true);
        }
    }

    /// <summary>Records what a write other than apply changed, in the object that is to be stored.</summary>
    /// <param name="live">The object as stored, or null if it is created. Stays unchanged.</param>
    /// <param name="updated">The object to be stored; its <c>managedFields</c> are set.</param>
    /// <param name="context">Who writes.</param>
    public void Update(JsonObject? live, JsonObject updated, WriteContext context)
    {
        var managed = ManagedFields.ForUpdate(live, updated, context.Subresource.Length > 0);
        if (live is null && managed.IsEmpty)
        {
            RecordCreation(updated, context);
            return;
        }

        var isCreation = (live?["metadata"] as JsonObject)?["uid"] is null;
        if (!managed.IsEmpty || isCreation)
        {
            // Nobody owns the list of owners, so it may stand in what is compared.
            Record(live ?? [], updated, managed, context);
        }

        managed.Write(updated);
    }

    private void RecordCreation(JsonObject created, WriteContext context)
    {
        var type = versions.TypeOf(context.ApiVersion)
            ?? throw new ArgumentException($"{context.ApiVersion} is not served", nameof(context));
        var fields = CreatedFields.Write(created, SchemaType.Object(type), FieldSetOf(context.ResetFields), _neverOwned);
        ManagedFields.WriteCreator(created, ManagerId.OfUpdate(context.Manager, context.ApiVersion, context.Subresource), context, fields);
    }

    private JsonObject ApplyOnce(JsonObject live, JsonObject config, WriteContext context, bool force)
    {
        var managed = ReadOwners(live);
        var before = WithoutOwners(live);
        if (managed.IsEmpty)
        {
            Record([], before, managed, context with { Manager = BeforeFirstApply });
        }

        var id = ManagerId.OfApply(context.Manager, context.Subresource);
        var result = Engine(context).Apply(before, config, managed, id, force);
        StripServerFields(managed, id);
        if (JsonNode.DeepEquals(before, result))
        {
            result = before;
        }
        else if (managed.Sets.TryGetValue(id, out var set))
        {
            managed.Sets[id] = set.WithTime(TimeText.Format(context.Now));
        }

        if (context.Manager == LastApplied.Manager)
        {
            LastApplied.Refresh(result, config);
        }

        managed.Write(result);
        return result;
    }

    private void Record(JsonObject before, JsonObject after, ManagedFields managed, WriteContext context)
    {
        // The write is compared as somebody new, so that a manager is noted anew only for what it really changed.
        var current = ManagerId.OfUpdate("current-operation", context.ApiVersion, "");
        Engine(context).Update(before, after, managed, current);
        StripServerFields(managed, current);
        if (managed.Sets.Remove(current, out var changed))
        {
            var id = ManagerId.OfUpdate(context.Manager, context.ApiVersion, context.Subresource);
            var owned = managed.Sets.GetValueOrDefault(id)?.Fields ?? FieldSet.Empty;
            managed.Sets[id] = new ManagedSet(owned.Union(changed.Fields), context.ApiVersion, TimeText.Format(context.Now));
        }

        managed.CapUpdates();
    }

    private ApplyEngine Engine(WriteContext context) => new(versions, context.ApiVersion, FieldSetOf(context.ResetFields), context.OnlyField);

    private static void StripServerFields(ManagedFields managed, ManagerId id)
    {
        if (managed.Sets.TryGetValue(id, out var set))
        {
            managed.Sets[id] = set.WithFields(set.Fields.Except(_neverOwned));
            managed.RemoveEmpty();
        }
    }

    private static ManagedFields ReadOwners(JsonObject live)
    {
        try
        {
            return ManagedFields.Read(live);
        }
        catch (FormatException fault)
        {
            throw new ApplyException($"failed to decode managed fields: {fault.Message}");
        }
    }

    private void CheckConfig(JsonObject config, WriteContext context)
    {
        var version = Text(config, "apiVersion");
        if (version != context.ApiVersion)
        {
            throw new ApplyException(
                $"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {context.ApiVersion}");
        }

        if ((config["metadata"] as JsonObject)?["managedFields"] is not null)
        {
            throw new ApplyException("metadata.managedFields must be nil");
        }

        if (versions.TypeOf(version) is { } type && ConfigurationFault.Find(config, SchemaType.Object(type)) is { } fault)
        {
            throw new ApplyException($"failed to create typed patch object ({Describe(config, version)}): {fault}");
        }
    }

    /// <summary>The object as messages name it: <c>default/web; apps/v1, Kind=Deployment</c>.</summary>
    private static string Describe(JsonObject config, string version)
    {
        var metadata = config["metadata"] as JsonObject;
        return $"{Text(metadata, "namespace")}/{Text(metadata, "name")}; {version}, Kind={Text(config, "kind")}";
    }

    private static string Text(JsonObject? source, string field) =>
        source?[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static JsonObject WithoutOwners(JsonObject? source)
    {
        var copy = source?.DeepClone().AsObject() ?? [];
        (copy["metadata"] as JsonObject)?.Remove("managedFields");
        return copy;
    }

    private static FieldSet FieldSetOf(IEnumerable<string> paths)
    {
        var root = new FieldSetBuilder();
        foreach (var path in paths)
        {
            var builder = root;
            var names = path.Split('.');
            foreach (var name in names.AsSpan(0, names.Length - 1))
            {
                builder = builder.Below(PathElement.Field(name));
            }

            builder.Add(PathElement.Field(names[^1]));
        }

        return root.Build();
    }
}
