using System.Text.Json.Nodes;
using Etcdish.ApiServer.Allocation;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tests.Kinds;

/// <summary>Takes objects through the rules of their kind, as a write does.</summary>
internal static class KindBench
{
    private static readonly ResourceDirectory _directory = new(SchemaCatalog.BuiltIn, "/registry/");

    private const string Uid = "0a0a0a0a-0000-0000-0000-000000000000";

    /// <summary>The type of a kind.</summary>
    public static ResourceType TypeOf(string apiVersion, string kind)
    {
        var info = SchemaCatalog.BuiltIn.Resources.First(r => r.Kind == kind && r.ApiVersion == apiVersion);
        return _directory.Find(info.Group, info.Version, info.Name)!;
    }

    /// <summary>A new object as it would be stored; <paramref name="errors"/> is what is wrong with it.</summary>
    public static JsonObject Create(string json, out List<FieldError> errors)
    {
        var value = Read(json);
        var type = TypeOf(value["apiVersion"]!.ToString(), value["kind"]!.ToString());
        value.Metadata()["uid"] = Uid;
        if (type.HasStatus)
        {
            value.Remove("status");
        }

        type.Rules.ApplyDefaults?.Invoke(value);
        Allocate(value, null);
        type.Rules.Prepare?.Invoke(value, null);
        errors = [];
        MetadataChecks.Check(type, value, null, errors);
        type.Rules.Validate?.Invoke(value, null, errors);
        return value;
    }

    /// <summary>What is wrong with a change of a stored object.</summary>
    public static List<FieldError> Update(JsonObject stored, Action<JsonObject> change, string subresource = "")
    {
        var value = (JsonObject)stored.DeepClone();
        change(value);
        var type = TypeOf(value["apiVersion"]!.ToString(), value["kind"]!.ToString());
        type.Rules.ApplyDefaults?.Invoke(value);
        Allocate(value, stored);
        type.Rules.Prepare?.Invoke(value, stored);
        var errors = new List<FieldError>();
        MetadataChecks.Check(type, value, stored, errors);
        type.Rules.Validate?.Invoke(value, stored, errors);
        type.Rules.ValidateChange?.Invoke(subresource, value, stored, errors);
        return errors;
    }

    /// <summary>Sets a field by a JSON pointer without its first slash; null removes it.</summary>
    public static void Set(JsonObject value, string path, string? json)
    {
        var steps = path.Split('/').Select(step => step.Replace("~1", "/")).ToArray();
        JsonNode node = value;
        foreach (var step in steps[..^1])
        {
            node = node is JsonArray list ? list[int.Parse(step)]! : node[step] ??= new JsonObject();
        }

        var content = json is null ? null : JsonNode.Parse(json);
        switch (node)
        {
            case JsonArray list when steps[^1] == "+":
                list.Add(content);
                break;
            case JsonArray list:
                list[int.Parse(steps[^1])] = content;
                break;
            case JsonObject parent when json is null:
                parent.Remove(steps[^1]);
                break;
            default:
                node[steps[^1]] = content;
                break;
        }
    }

    /// <summary>Services have passed by the allocation when they are checked.</summary>
    private static void Allocate(JsonObject value, JsonObject? stored)
    {
        if (value.Text("kind") == "Service" && value.Part("spec") is { } spec)
        {
            AllocatedFields.Carry(spec, stored.Part("spec"));
        }
    }

    public static JsonObject Read(string json) => JsonNode.Parse(json)!.AsObject();

    public static IEnumerable<string> Texts(IEnumerable<FieldError> errors) => errors.Select(e => $"{e.Reason} {e}");
}
