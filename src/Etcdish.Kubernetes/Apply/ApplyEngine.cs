using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// The algebra of ownership, free of names and times: what a write does to the sets of all managers, and what an apply does to the object.
/// </summary>
internal sealed class ApplyEngine(IObjectVersions versions, string apiVersion, FieldSet resetFields, string? onlyField = null)
{
    private readonly SchemaType _type = SchemaType.Object(
        versions.TypeOf(apiVersion) ?? throw new ArgumentException($"{apiVersion} is not served", nameof(apiVersion)));

    /// <summary>Merges a configuration into the live object, drops what its manager no longer applies, and settles who owns what.</summary>
    /// <exception cref="ApplyConflictException">Others own what it changes, and it is not forced.</exception>
    public JsonObject Apply(JsonObject live, JsonObject config, ManagedFields managed, ManagerId manager, bool force)
    {
        var last = managed.Sets.GetValueOrDefault(manager);
        var merged = TreeMerger.Merge(live, config, _type);
        var applied = FieldSetExtractor.Extract(config, _type).ExceptTrees(resetFields);
        managed.Sets[manager] = new ManagedSet(applied, apiVersion, last?.Time);
        var result = last is null || last.Fields.IsEmpty ? merged : Prune(merged, managed, last);
        TakeFromOthers(live, result, managed, manager, force);
        return result;
    }

    /// <summary>Gives a manager what it changed from one version of the object to the next, and takes that from all others.</summary>
    public void Update(JsonObject before, JsonObject after, ManagedFields managed, ManagerId manager)
    {
        var changes = TakeFromOthers(before, after, managed, manager, force: true);
        var owned = managed.Sets.GetValueOrDefault(manager)?.Fields ?? FieldSet.Empty;
        var fields = owned.Except(changes.Removed).Union(changes.Modified).Union(changes.Added).ExceptTrees(resetFields);
        managed.Sets[manager] = new ManagedSet(fields, apiVersion, null);
        managed.RemoveEmpty();
    }

    /// <summary>The fields of a configuration that the live object still has as it says.</summary>
    public FieldSet UnchangedFields(JsonObject config, JsonObject live)
    {
        var changes = TreeComparison.Compare(config, live, _type);
        return FieldSetExtractor.Extract(config, _type).Except(changes.Modified).Except(changes.Added).Except(changes.Removed);
    }

    private TreeComparison TakeFromOthers(JsonObject before, JsonObject after, ManagedFields managed, ManagerId self, bool force)
    {
        var changes = TreeComparison.Compare(before, after, _type, onlyField);
        var byVersion = new Dictionary<string, TreeComparison?>(StringComparer.Ordinal) { [apiVersion] = changes.Without(resetFields) };
        var conflicts = new List<(ManagerId Manager, FieldSet Fields)>();
        foreach (var (id, set) in managed.Sets.Where(s => s.Key != self).ToArray())
        {
            if (CompareIn(set.ApiVersion, before, after, byVersion) is not { } seen)
            {
                managed.Sets.Remove(id);
                continue;
            }

            var taken = seen.Modified.Union(seen.Added);
            if (!set.MayMeet(taken) && !set.MayMeet(seen.Removed))
            {
                continue;
            }

            var conflict = set.Fields.Intersect(taken);
            if (!conflict.IsEmpty)
            {
                conflicts.Add((id, conflict));
            }

            managed.Sets[id] = set.WithFields(set.Fields.Except(conflict).Except(seen.Removed));
        }

        if (!force && conflicts.Count > 0)
        {
            throw new ApplyConflictException(
                [.. conflicts.SelectMany(c => c.Fields.Paths().Select(p => new ApplyConflict(c.Manager.ToString(), p)))],
                conflicts.Aggregate(FieldSet.Empty, (all, c) => all.Union(c.Fields)));
        }

        managed.RemoveEmpty();
        return changes;
    }

    private TreeComparison? CompareIn(string version, JsonObject before, JsonObject after, Dictionary<string, TreeComparison?> known)
    {
        if (!known.TryGetValue(version, out var comparison))
        {
            comparison = versions.TypeOf(version) is { } type
                ? TreeComparison.Compare(versions.Convert(before, version), versions.Convert(after, version), SchemaType.Object(type), onlyField)
                    .Without(resetFields)
                : null;
            known.Add(version, comparison);
        }

        return comparison;
    }

    /// <summary>Takes away what the manager applied last time and not this time, unless others own it too, or nobody says it did.</summary>
    private JsonObject Prune(JsonObject merged, ManagedFields managed, ManagedSet last)
    {
        if (versions.TypeOf(last.ApiVersion) is not { } lastStruct)
        {
            return merged;
        }

        var lastType = SchemaType.Object(lastStruct);
        var lastFields = last.Fields.WithNamedFields(lastType);
        var mergedAtLast = versions.Convert(merged, last.ApiVersion);
        var pruned = AddBackOwned(mergedAtLast, TreePruner.Remove(mergedAtLast, lastFields, lastType), managed, last.ApiVersion);

        // Only what it owned itself may go: removing an item can have taken along what nobody owned.
        var kept = NamedFields(versions.Convert(pruned, last.ApiVersion), lastType);
        var gone = NamedFields(mergedAtLast, lastType).Except(kept).Intersect(lastFields);
        return versions.Convert(TreePruner.Remove(mergedAtLast, gone, lastType), apiVersion);
    }

    private JsonObject AddBackOwned(JsonObject merged, JsonObject pruned, ManagedFields managed, string firstVersion)
    {
        var byVersion = managed.Sets.Values
            .GroupBy(s => s.ApiVersion, s => s.Fields)
            .OrderBy(g => g.Key == firstVersion ? 0 : 1)
            .ThenBy(g => g.Key, StringComparer.Ordinal);
        foreach (var group in byVersion)
        {
            if (versions.TypeOf(group.Key) is not { } type)
            {
                continue;
            }

            var schema = SchemaType.Object(type);
            var owned = group.Aggregate((all, set) => all.Union(set)).WithNamedFields(schema);
            merged = versions.Convert(merged, group.Key);
            var kept = NamedFields(versions.Convert(pruned, group.Key), schema);
            pruned = TreePruner.Remove(merged, NamedFields(merged, schema).Except(kept.Union(owned)), schema);
        }

        return pruned;
    }

    private static FieldSet NamedFields(JsonObject value, SchemaType type) => FieldSetExtractor.Extract(value, type).WithNamedFields(type);
}
