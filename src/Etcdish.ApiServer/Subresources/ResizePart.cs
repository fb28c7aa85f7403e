using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Subresources;

/// <summary>CPU and memory of the containers of a pod, which may change while it runs.</summary>
internal static class ResizePart
{
    private static readonly string[] _lists = ["containers", "initContainers"];
    private static readonly string[] _resizable = ["cpu", "memory"];

    public static UpdatePart Part { get; } = new("resize", Take) { Check = Check };

    /// <summary>Takes the resources over, container by container, by name.</summary>
    private static void Take(JsonObject result, JsonObject wanted)
    {
        foreach (var list in _lists)
        {
            foreach (var container in result.Part("spec").Items(list).OfType<JsonObject>())
            {
                var name = container.Text("name");
                var other = wanted.Part("spec").Items(list).OfType<JsonObject>().FirstOrDefault(c => c.Text("name") == name);
                if (other is not null)
                {
                    container.CopyFrom(other, "resources");
                }
            }
        }
    }

    private static void Check(JsonObject value, JsonObject stored, List<FieldError> errors)
    {
        foreach (var list in _lists)
        {
            var old = stored.Part("spec").Items(list).OfType<JsonObject>().ToArray();
            var i = 0;
            foreach (var container in value.Part("spec").Items(list).OfType<JsonObject>())
            {
                CheckContainer(container, old[i], list == "initContainers", $"spec.{list}[{i}].resources", errors);
                i++;
            }
        }

        if (PodResources.QualityOf(value) != PodResources.QualityOf(stored))
        {
            errors.Add(FieldError.Invalid(
                "spec", PodResources.QualityOf(value), "Pod QOS Class may not change as a result of resizing"));
        }
    }

    private static void CheckContainer(JsonObject container, JsonObject old, bool isInit, string path, List<FieldError> errors)
    {
        var (after, before) = (container.Part("resources"), old.Part("resources"));
        if (JsonNode.DeepEquals(after, before))
        {
            return;
        }

        if (isInit && container.Text("restartPolicy") != "Always")
        {
            errors.Add(FieldError.Forbidden("spec", "resources for non-sidecar init containers are immutable"));
            return;
        }

        foreach (var what in new[] { "requests", "limits" })
        {
            CheckAmounts(after.Part(what), before.Part(what), what, $"{path}.{what}", errors);
        }

        foreach (var (name, limit) in after.Part("limits") ?? [])
        {
            if (Amount(after.Part("requests"), name) > Amount(after.Part("limits"), name))
            {
                errors.Add(FieldError.Invalid(
                    $"{path}.requests", after.Part("requests").Text(name), $"must be less than or equal to {name} limit of {limit}"));
            }
        }
    }

    private static void CheckAmounts(JsonObject? after, JsonObject? before, string what, string path, List<FieldError> errors)
    {
        foreach (var (name, amount) in after ?? [])
        {
            if (!Quantity.TryParse(amount?.ToString() ?? "", out var quantity) || quantity.Sign < 0)
            {
                errors.Add(FieldError.Invalid($"{path}[{name}]", amount?.ToString() ?? "", "must be greater than or equal to 0"));
            }
            else if (!_resizable.Contains(name) && quantity != Amount(before, name))
            {
                errors.Add(FieldError.Forbidden("spec", "only cpu and memory resources are mutable"));
            }
        }

        foreach (var (name, _) in before ?? [])
        {
            if (after?.ContainsKey(name) != true)
            {
                errors.Add(FieldError.Forbidden(path[..path.LastIndexOf('.')], $"resource {what} cannot be removed"));
            }
        }
    }

    private static Quantity Amount(JsonObject? amounts, string name) =>
        Quantity.TryParse(amounts.Text(name), out var quantity) ? quantity : default;
}
