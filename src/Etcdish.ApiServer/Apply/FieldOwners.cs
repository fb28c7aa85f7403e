using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Apply;

/// <summary>
/// Keeps the record of who owns which field (<c>metadata.managedFields</c>) with every write, and carries out applies. Owners are settled
/// when defaults are filled in, and before admission: what plugins and the server add belongs to nobody.
/// </summary>
/// <param name="clock">The clock of the entries' times.</param>
internal sealed class FieldOwners(TimeProvider clock)
{
    private const string Field = "managedFields";

    /// <summary>What a write of the object itself puts back to what is stored.</summary>
    private static readonly IReadOnlyList<string> _status = ["status"];

    /// <summary>Notes what a write other than apply changed, in the object that is to be stored.</summary>
    /// <param name="request">Who writes, and which part.</param>
    /// <param name="stored">The object as stored; null for a creation.</param>
    /// <param name="value">The object as it will be, with its defaults.</param>
    public void Record(WriteRequest request, JsonObject? stored, JsonObject value)
    {
        try
        {
            request.Type.FieldManager.Update(stored, value, ContextOf(request));
        }
        catch (ApplyException)
        {
            // The object breaks the rules of its lists, such as items without their keys. Whether that is allowed is for its checks to
            // say; as in Kubernetes, it then has no owners until it is written without the fault.
            value.Metadata().Remove(Field);
        }
    }

    /// <summary>Applies a configuration.</summary>
    /// <param name="request">Who applies, and to which part.</param>
    /// <param name="stored">The object as stored, with its resourceVersion; null to create it.</param>
    /// <param name="configuration">What is applied.</param>
    /// <returns>The object with its owners, in canonical form but without defaults.</returns>
    /// <exception cref="ApiException">It conflicts with what others own, or is no such object.</exception>
    public JsonObject Apply(WriteRequest request, JsonObject? stored, ApplyConfiguration configuration)
    {
        try
        {
            var wanted = PartialConfiguration.Take(request, configuration.Object);
            var result = request.Type.FieldManager.Apply(stored ?? [], wanted, ContextOf(request), configuration.Force);
            return ObjectDocument.Decode(ApiJson.Write(result), request.Type, FieldValidation.Ignore, out _);
        }
        catch (ApplyConflictException conflict)
        {
            throw ApiErrors.ApplyConflict(conflict);
        }
        catch (ApplyException fault)
        {
            throw ApiErrors.BadRequest(fault.Message);
        }
    }

    /// <summary>Whether an object would be stored as it is already: new times of its owners alone are no write.</summary>
    /// <param name="stored">The object as stored.</param>
    /// <param name="value">The object as it would be stored.</param>
    /// <param name="onlyField">The only field beside metadata in which they can differ; null: any.</param>
    public static bool AreSame(JsonObject stored, JsonObject value, string? onlyField = null)
    {
        if (onlyField is not null && !JsonNode.DeepEquals(stored[onlyField], value[onlyField]))
        {
            return false;
        }

        var (before, after) = (stored.Part("metadata")?[Field] as JsonArray, value.Part("metadata")?[Field] as JsonArray);
        if (before is null || after is null || !DifferInTimeOnly(before, after))
        {
            return AreEqual(stored, value, onlyField);
        }

        value.Metadata()[Field] = before.DeepClone();
        var areSame = AreEqual(stored, value, onlyField);
        value.Metadata()[Field] = after;
        return areSame;
    }

    private static bool AreEqual(JsonObject stored, JsonObject value, string? onlyField) => onlyField is null
        ? JsonNode.DeepEquals(stored, value)
        : JsonNode.DeepEquals(stored["metadata"], value["metadata"]) && JsonNode.DeepEquals(stored[onlyField], value[onlyField]);

    private static bool DifferInTimeOnly(JsonArray before, JsonArray after)
    {
        if (before.Count != after.Count)
        {
            return false;
        }

        var differ = false;
        for (var i = 0; i < before.Count; i++)
        {
            if (before[i] is not JsonObject left || after[i] is not JsonObject right || !AreEqualButForTime(left, right))
            {
                return false;
            }

            differ |= left.Text("time") != right.Text("time");
        }

        return differ;
    }

    private static bool AreEqualButForTime(JsonObject left, JsonObject right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        foreach (var (name, content) in left)
        {
            if (!right.TryGetPropertyValue(name, out var other) || (name != "time" && !JsonNode.DeepEquals(content, other)))
            {
                return false;
            }
        }

        return true;
    }

    private WriteContext ContextOf(WriteRequest request) => new()
    {
        ApiVersion = request.Type.Info.ApiVersion,
        Manager = request.FieldManager,
        Now = clock.GetUtcNow(),
        Subresource = request.Subresource,
        OnlyField = request.Part.OnlyField,
        ResetFields = request.Type.HasStatus && request.Part == UpdatePart.Main ? _status : [],
    };
}
