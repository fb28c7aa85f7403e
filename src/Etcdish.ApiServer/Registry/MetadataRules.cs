using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Registry;

/// <summary>What the server decides about metadata: identity, times, generation, and who may change which part.</summary>
/// <param name="clock">The clock of creation and deletion times.</param>
internal sealed class MetadataRules(TimeProvider clock)
{
    // Without vowels, and without digits that look like letters: no words arise by chance.
    private const string NameAlphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int NameSuffixLength = 5;
    private const int MaxNamePrefix = 58;

    /// <summary>Fields that no client sets: they stay as the server set them.</summary>
    private static readonly string[] _serverFields =
        ["name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"];

    public string Now() => clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

    public string Later(long seconds) => clock.GetUtcNow().UtcDateTime.AddSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);

    public static string GenerateName(string prefix)
    {
        var start = prefix.Length > MaxNamePrefix ? prefix[..MaxNamePrefix] : prefix;
        return start + RandomNumberGenerator.GetString(NameAlphabet, NameSuffixLength);
    }

    /// <summary>Sees that the object belongs where the request's path says, and says so in it.</summary>
    /// <exception cref="ApiException">It does not.</exception>
    public static void CheckScope(ResourceType type, string scope, JsonObject value)
    {
        var said = value.Namespace();
        if (said.Length > 0 && said != scope)
        {
            throw ApiErrors.BadRequest(
                $"the namespace of the provided object does not match the namespace sent on the request ({said} and {scope})");
        }

        if (type.Info.IsNamespaced)
        {
            value.Metadata()["namespace"] = scope;
        }
    }

    /// <summary>Gives a new object its identity.</summary>
    /// <exception cref="ApiException">It says it is not new.</exception>
    public void Begin(ResourceType type, JsonObject value)
    {
        var fields = value.Metadata();
        if (fields.Text("resourceVersion").Length > 0)
        {
            throw ApiErrors.BadRequest("resourceVersion should not be set on objects to be created");
        }

        foreach (var field in new[] { "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation" })
        {
            fields.Remove(field);
        }

        fields["uid"] = Guid.NewGuid().ToString();
        fields["creationTimestamp"] = Now();
        if (type.Rules.HasGeneration)
        {
            fields["generation"] = 1;
        }

        if (type.HasStatus && !type.Rules.KeepsStatus)
        {
            value.Remove("status");
        }
    }

    /// <summary>Sees that an object that an apply creates is the one that the request names, and says so in it.</summary>
    /// <exception cref="ApiException">It is another one, or one that was there once.</exception>
    public static void CheckNew(WriteRequest request, JsonObject value)
    {
        CheckName(request.Name, value);
        if (value.Uid() is { Length: > 0 } uid)
        {
            throw ApiErrors.Conflict(
                request.Type.Info,
                request.Name,
                $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        }

        value.Metadata()["name"] = request.Name;
    }

    private static void CheckName(string name, JsonObject value)
    {
        if (value.Name() is { Length: > 0 } said && said != name)
        {
            throw ApiErrors.BadRequest($"the name of the object ({said}) does not match the name on the URL ({name})");
        }
    }

    /// <summary>The object that a change leads to: the wanted one in the part that may change, the stored one elsewhere.</summary>
    /// <exception cref="ApiException">The wanted object is another one.</exception>
    public static JsonObject Merge(WriteRequest request, JsonObject stored, JsonObject wanted)
    {
        var type = request.Type;
        var name = stored.Name();
        CheckName(name, wanted);
        if (wanted.Uid() is { Length: > 0 } uid && uid != stored.Uid())
        {
            throw ApiErrors.Conflict(
                type.Info, name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {stored.Uid()}");
        }

        if (request.Part.Take is { } take)
        {
            var copy = (JsonObject)stored.DeepClone();
            take(copy, wanted);
            if (request.IsApply)
            {
                copy.Metadata().CopyFrom(wanted.Part("metadata"), "managedFields");
            }

            return copy;
        }

        var result = (JsonObject)wanted.DeepClone();
        var fields = result.Metadata();
        foreach (var field in _serverFields)
        {
            fields.CopyFrom(stored.Part("metadata"), field);
        }

        if (type.HasStatus)
        {
            result.CopyFrom(stored, "status");
        }

        if (type.Info.Kind == "Namespace")
        {
            result.CopyFrom(stored, "spec");
        }

        return result;
    }

    /// <summary>
    /// Counts a change of anything but metadata and status; of a custom resource without that subresource, status counts too; of some kinds
    /// annotations do.
    /// </summary>
    public static void CountGeneration(ResourceType type, JsonObject value, JsonObject stored)
    {
        var countsStatus = type.Custom is not null && !type.HasStatus;
        if (type.Rules.HasGeneration && !(SameIntent(value, stored, countsStatus) && SameAnnotations(type, value, stored)))
        {
            value.Metadata()["generation"] = (stored.Part("metadata").Number("generation") ?? 0) + 1;
        }
    }

    private static bool SameAnnotations(ResourceType type, JsonObject left, JsonObject right) => !type.Rules.CountsAnnotations
        || JsonNode.DeepEquals(left.Part("metadata")?["annotations"], right.Part("metadata")?["annotations"]);

    private static bool SameIntent(JsonObject left, JsonObject right, bool countsStatus)
    {
        var fields = Fields(left, countsStatus);
        return fields.SetEquals(Fields(right, countsStatus)) && fields.All(field => JsonNode.DeepEquals(left[field], right[field]));
    }

    private static HashSet<string> Fields(JsonObject value, bool withStatus) => [.. value.Select(field => field.Key)
        .Where(field => field is not ("metadata" or "kind" or "apiVersion") && (withStatus || field != "status"))];
}
