using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>
/// A stored pod and the binding that it is to get. All that the binding does not touch is copied as it stands, unread: a cluster that grows
/// does little else than this.
/// </summary>
/// <param name="pod">The pod, as it is stored.</param>
/// <param name="binding">The binding.</param>
internal readonly struct PodBinding(JsonElement pod, JsonObject binding)
{
    private const string Scheduled = "PodScheduled";

    /// <summary>The pod's uid.</summary>
    public string Uid => Text(Part(pod, "metadata"), "uid");

    /// <summary>Why the pod takes no binding; null: it does.</summary>
    public string? Refusal
    {
        get
        {
            var (metadata, spec) = (Part(pod, "metadata"), Part(pod, "spec"));
            if (Text(metadata, "deletionTimestamp").Length > 0)
            {
                return $"pod {Text(metadata, "name")} is being deleted, cannot be assigned to a host";
            }

            if (Text(spec, "nodeName") is { Length: > 0 } node)
            {
                return $"pod {Text(metadata, "name")} is already assigned to node \"{node}\"";
            }

            return Part(spec, "schedulingGates") is { ValueKind: JsonValueKind.Array } gates && gates.GetArrayLength() > 0
                ? $"pod {Text(metadata, "name")} has non-empty .spec.schedulingGates"
                : null;
        }
    }

    /// <summary>The pod with its node, its new labels and annotations, and the condition that says so.</summary>
    /// <param name="size">About how long it will be.</param>
    /// <param name="now">The time, as objects have it.</param>
    public ReadOnlyMemory<byte> Write(int size, string now)
    {
        var output = new ArrayBufferWriter<byte>(size);
        using (var json = new Utf8JsonWriter(output, ApiJson.Writer))
        {
            var hasStatus = false;
            json.WriteStartObject();
            foreach (var field in pod.EnumerateObject())
            {
                switch (field.Name)
                {
                    case "metadata":
                        WriteMetadata(json, field.Value);
                        break;
                    case "spec":
                        WriteSpec(json, field.Value);
                        break;
                    case "status":
                        hasStatus = true;
                        WriteStatus(json, field.Value, now);
                        break;
                    default:
                        Copy(json, field);
                        break;
                }
            }

            if (!hasStatus)
            {
                WriteStatus(json, default, now);
            }

            json.WriteEndObject();
        }

        return output.WrittenMemory;
    }

    private static JsonElement Part(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var part) ? part : default;

    private static string Text(JsonElement of, string name) =>
        Part(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    private static void Copy(Utf8JsonWriter json, JsonProperty field)
    {
        json.WritePropertyName(field.Name);
        Copy(json, field.Value);
    }

    private static void Copy(Utf8JsonWriter json, JsonElement value) =>
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    private void WriteMetadata(Utf8JsonWriter json, JsonElement metadata)
    {
        json.WriteStartObject("metadata");
        foreach (var field in metadata.EnumerateObject())
        {
            if (field.Name is "labels" or "annotations" && Given(field.Name) is { } given)
            {
                WriteMerged(json, field.Name, field.Value, given);
            }
            else
            {
                Copy(json, field);
            }
        }

        foreach (var name in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            if (Given(name) is { } given && Part(metadata, name).ValueKind == JsonValueKind.Undefined)
            {
                WriteMerged(json, name, default, given);
            }
        }

        json.WriteEndObject();
    }

    /// <summary>The labels or annotations that the binding brings.</summary>
    private JsonObject? Given(string name) => binding.Part("metadata").Part(name) is { Count: > 0 } given ? given : null;

    private static void WriteMerged(Utf8JsonWriter json, string name, JsonElement old, JsonObject given)
    {
        json.WriteStartObject(name);
        if (old.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in old.EnumerateObject())
            {
                if (!given.ContainsKey(field.Name))
                {
                    Copy(json, field);
                }
            }
        }

        foreach (var (key, value) in given)
        {
            json.WriteString(key, value?.GetValue<string>() ?? "");
        }

        json.WriteEndObject();
    }

    private void WriteSpec(Utf8JsonWriter json, JsonElement spec)
    {
        json.WriteStartObject("spec");
        foreach (var field in spec.EnumerateObject())
        {
            if (field.Name != "nodeName")
            {
                Copy(json, field);
            }
        }

        json.WriteString("nodeName", binding.Part("target").Text("name"));
        json.WriteEndObject();
    }

    private static void WriteStatus(Utf8JsonWriter json, JsonElement status, string now)
    {
        json.WriteStartObject("status");
        if (status.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in status.EnumerateObject())
            {
                if (field.Name != "conditions")
                {
                    Copy(json, field);
                }
            }
        }

        json.WriteStartArray("conditions");
        var isThere = false;
        if (Part(status, "conditions") is { ValueKind: JsonValueKind.Array } conditions)
        {
            foreach (var condition in conditions.EnumerateArray())
            {
                if (Text(condition, "type") == Scheduled)
                {
                    isThere = true;
                    WriteScheduled(json, Text(condition, "status") == "True" ? Text(condition, "lastTransitionTime") : now);
                }
                else
                {
                    Copy(json, condition);
                }
            }
        }

        if (!isThere)
        {
            WriteScheduled(json, now);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteScheduled(Utf8JsonWriter json, string since)
    {
        json.WriteStartObject();
        json.WriteString("type", Scheduled);
        json.WriteString("status", "True");
        json.WriteNull("lastProbeTime");
        json.WriteString("lastTransitionTime", since);
        json.WriteEndObject();
    }
}
