using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>Endpoints, compared and written.</summary>
internal static class EndpointForm
{
    /// <summary>Tells endpoints apart: the same one may change in all else.</summary>
    public static string IdentityOf(Endpoint endpoint) => string.Concat(
        endpoint.Addresses.Length == 1 ? endpoint.Addresses[0] : string.Join(',', endpoint.Addresses.Order(StringComparer.Ordinal)),
        "|" + endpoint.Hostname + "|",
        endpoint.TargetRef?.Namespace + "/",
        endpoint.TargetRef?.Name);

    /// <summary>Whether two endpoints of one identity say the same.</summary>
    public static bool AreSame(Endpoint a, Endpoint b) =>
        a.Conditions.Ready == b.Conditions.Ready
        && a.Conditions.Serving == b.Conditions.Serving
        && a.Conditions.Terminating == b.Conditions.Terminating
        && a.NodeName == b.NodeName
        && a.Zone == b.Zone
        && AreSame(a.TargetRef, b.TargetRef)
        && AreSame(a.Hints?.ForZones, b.Hints?.ForZones)
        && AreSame(a.Hints?.ForNodes, b.Hints?.ForNodes);

    /// <summary>Whether two references mean the same object.</summary>
    public static bool AreSame(ObjectReference? a, ObjectReference? b) =>
        a is null ? b is null : b is not null && a.Kind == b.Kind && a.Namespace == b.Namespace && a.Name == b.Name && a.Uid == b.Uid;

    /// <summary>The endpoints of a slice.</summary>
    public static JsonArray Write(IEnumerable<Endpoint> endpoints) => [.. endpoints.Select(Write)];

    /// <summary>The ports of a slice, or of a subset.</summary>
    /// <param name="ports">The ports.</param>
    /// <param name="withEmptyNames">Whether a port that has no name says so (slices do).</param>
    public static JsonArray Write(IEnumerable<EndpointPort> ports, bool withEmptyNames) => [.. ports.Select(port =>
    {
        var json = new JsonObject();
        if (withEmptyNames || port.Name.Length > 0)
        {
            json["name"] = port.Name;
        }

        json["protocol"] = port.Protocol;
        json["port"] = port.Port;
        AddText(json, "appProtocol", port.AppProtocol);
        return json;
    })];

    /// <summary>A reference to an object.</summary>
    public static JsonObject Write(ObjectReference reference)
    {
        var json = new JsonObject();
        AddText(json, "apiVersion", reference.ApiVersion);
        AddText(json, "kind", reference.Kind);
        AddText(json, "namespace", reference.Namespace);
        AddText(json, "name", reference.Name);
        AddText(json, "uid", reference.Uid);
        AddText(json, "resourceVersion", reference.ResourceVersion);
        return json;
    }

    /// <summary>Adds a field, unless there is nothing in it.</summary>
    public static void AddText(JsonObject json, string field, string value)
    {
        if (value.Length > 0)
        {
            json[field] = value;
        }
    }

    private static JsonObject Write(Endpoint endpoint)
    {
        var json = new JsonObject
        {
            ["addresses"] = new JsonArray([.. endpoint.Addresses.Select(address => (JsonNode)address)]),
            ["conditions"] = Write(endpoint.Conditions),
        };
        AddText(json, "hostname", endpoint.Hostname);
        if (endpoint.TargetRef is { } target)
        {
            json["targetRef"] = Write(target);
        }

        AddText(json, "nodeName", endpoint.NodeName);
        AddText(json, "zone", endpoint.Zone);
        if (endpoint.Hints is { } hints)
        {
            var list = new JsonObject();
            json["hints"] = list;
            AddHints(list, "forZones", hints.ForZones);
            AddHints(list, "forNodes", hints.ForNodes);
        }

        return json;
    }

    private static JsonObject Write(EndpointConditions conditions)
    {
        var json = new JsonObject();
        (string, bool?)[] said = [("ready", conditions.Ready), ("serving", conditions.Serving), ("terminating", conditions.Terminating)];
        foreach (var (field, value) in said)
        {
            if (value is { } known)
            {
                json[field] = known;
            }
        }

        return json;
    }

    private static void AddHints(JsonObject json, string field, EndpointHint[] hints)
    {
        if (hints.Length > 0)
        {
            json[field] = new JsonArray([.. hints.Select(hint => new JsonObject { ["name"] = hint.Name })]);
        }
    }

    private static bool AreSame(EndpointHint[]? a, EndpointHint[]? b) =>
        (a ?? []).Select(hint => hint.Name).SequenceEqual((b ?? []).Select(hint => hint.Name));
}
