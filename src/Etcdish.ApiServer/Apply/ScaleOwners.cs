using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Subresources;

namespace Etcdish.ApiServer.Apply;

/// <summary>
/// The owners of an object's replicas as those of its Scale, and back. Only the number of replicas is owned in a Scale: all else of it is
/// read from the object.
/// </summary>
/// <param name="apiVersion">The version of the object in which new owners are noted.</param>
/// <param name="pathsOf">Where a version of the object keeps the number; null for a version that is not known.</param>
internal sealed class ScaleOwners(string apiVersion, Func<string, ScalePaths?> pathsOf)
{
    private const string ScaleVersion = "autoscaling/v1";

    private static readonly string[] _scalePath = FieldsOf(ScalePaths.BuiltIn);

    /// <summary>The entries of a Scale: those of the object's owners who own the number.</summary>
    public JsonArray ToScale(JsonObject value) =>
        [.. Entries(value).Where(OwnsNumber).Select(entry => With(entry, ScaleVersion, _scalePath))];

    /// <summary>The entries of the object once its Scale has these: who lost the number keeps what else he owns.</summary>
    public JsonArray ToObject(JsonObject value, JsonObject scale)
    {
        var owners = Entries(scale).Where(entry => Owns(entry, _scalePath)).ToList();
        var result = new JsonArray();
        foreach (var entry in Entries(value))
        {
            var kept = entry;
            if (OwnsNumber(entry))
            {
                var inScale = owners.Find(owner => AreSameOwner(owner, entry));
                kept = inScale is null ? Without(entry, PathOf(entry)!) : Renewed(entry, inScale);
                owners.Remove(inScale!);
            }

            if (kept is not null)
            {
                result.Add(kept.DeepClone());
            }
        }

        foreach (var owner in owners)
        {
            result.Add(With(owner, apiVersion, FieldsOf(pathsOf(apiVersion)!)));
        }

        return result;
    }

    private static IEnumerable<JsonObject> Entries(JsonObject value) => value.Part("metadata").Items("managedFields").OfType<JsonObject>();

    private static string[] FieldsOf(ScalePaths paths) => [.. ScalePaths.Split(paths.SpecPath).Select(field => "f:" + field)];

    private string[]? PathOf(JsonObject entry) => pathsOf(entry.Text("apiVersion")) is { } paths ? FieldsOf(paths) : null;

    private bool OwnsNumber(JsonObject entry) => PathOf(entry) is { } path && Owns(entry, path);

    private static bool Owns(JsonObject entry, string[] path)
    {
        var at = entry.Part("fieldsV1");
        foreach (var field in path)
        {
            at = at.Part(field);
        }

        return at is not null;
    }

    private static bool AreSameOwner(JsonObject left, JsonObject right) =>
        left.Text("manager") == right.Text("manager")
        && left.Text("operation") == right.Text("operation")
        && left.Text("subresource") == right.Text("subresource");

    private static JsonObject With(JsonObject entry, string version, string[] path)
    {
        var fields = new JsonObject();
        var at = fields;
        foreach (var field in path)
        {
            at = at.Ensure(field);
        }

        var result = (JsonObject)entry.DeepClone();
        result["apiVersion"] = version;
        result["fieldsV1"] = fields;
        return result;
    }

    private static JsonObject Renewed(JsonObject entry, JsonObject inScale)
    {
        entry.CopyFrom(inScale, "time");
        return entry;
    }

    /// <summary>The entry without a field, and without what only held that; null if nothing is left.</summary>
    private static JsonObject? Without(JsonObject entry, string[] path)
    {
        var result = (JsonObject)entry.DeepClone();
        var fields = result.Part("fieldsV1")!;
        Remove(fields, path);
        return fields.Count > 0 ? result : null;
    }

    private static void Remove(JsonObject fields, ReadOnlySpan<string> path)
    {
        if (path.Length > 1 && fields.Part(path[0]) is { } inner)
        {
            Remove(inner, path[1..]);
            if (inner.Count > 0)
            {
                return;
            }
        }

        fields.Remove(path[0]);
    }
}
