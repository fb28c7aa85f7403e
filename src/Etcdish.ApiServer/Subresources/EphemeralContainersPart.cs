using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Containers that are put into a running pod to look at it. They come, but never change and never go.</summary>
internal static class EphemeralContainersPart
{
    private const string Field = "spec.ephemeralContainers";

    // What only makes sense for containers that belong to the pod's work.
    private static readonly string[] _forbidden = ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resizePolicy", "restartPolicy"];

    public static UpdatePart Part { get; } = new(
        "ephemeralcontainers", (result, wanted) => result.Ensure("spec").CopyFrom(wanted.Part("spec"), "ephemeralContainers"))
    {
        Check = Check,
    };

    private static void Check(JsonObject value, JsonObject stored, List<FieldError> errors)
    {
        var spec = value.Part("spec");
        var all = ByName(spec, "ephemeralContainers");
        foreach (var (name, old) in ByName(stored.Part("spec"), "ephemeralContainers"))
        {
            if (!all.Remove(name, out var kept))
            {
                errors.Add(FieldError.Forbidden(Field, $"existing ephemeral containers \"{name}\" may not be removed\n"));
            }
            else if (!JsonNode.DeepEquals(kept, old))
            {
                errors.Add(FieldError.Forbidden(Field, $"existing ephemeral containers \"{name}\" may not be changed\n"));
            }
        }

        CheckAll(spec, errors);
    }

    private static void CheckAll(JsonObject? spec, List<FieldError> errors)
    {
        var taken = spec.Items("containers").Concat(spec.Items("initContainers")).OfType<JsonObject>()
            .Select(container => container.Text("name")).ToHashSet(StringComparer.Ordinal);
        var targets = ByName(spec, "containers");
        var i = 0;
        foreach (var container in spec.Items("ephemeralContainers").OfType<JsonObject>())
        {
            var path = $"{Field}[{i++}]";
            CheckName(container.Text("name"), path, taken, errors);
            if (container.Text("image").Length == 0)
            {
                errors.Add(FieldError.Required($"{path}.image"));
            }

            if (container.Text("targetContainerName") is { Length: > 0 } target && !targets.ContainsKey(target))
            {
                errors.Add(new FieldError($"{path}.targetContainerName", "FieldValueNotFound", $"Not found: \"{target}\""));
            }

            errors.AddRange(_forbidden.Where(container.ContainsKey)
                .Select(field => FieldError.Forbidden($"{path}.{field}", "cannot be set for an Ephemeral Container")));
        }
    }

    private static void CheckName(string name, string path, HashSet<string> taken, List<FieldError> errors)
    {
        if (name.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.name"));
            return;
        }

        errors.AddRange(NameRules.Dns1123Label(name).Select(e => FieldError.Invalid($"{path}.name", name, e)));
        if (!taken.Add(name))
        {
            errors.Add(new FieldError($"{path}.name", "FieldValueDuplicate", $"Duplicate value: \"{name}\""));
        }
    }

    private static Dictionary<string, JsonObject> ByName(JsonObject? spec, string field)
    {
        var result = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var container in spec.Items(field).OfType<JsonObject>())
        {
            result[container.Text("name")] = container;
        }

        return result;
    }
}
