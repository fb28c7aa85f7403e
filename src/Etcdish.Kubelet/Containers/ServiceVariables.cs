using System.Globalization;
using System.Text.Json.Nodes;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// The variables by which a container finds services, as they were when it started: host and port in the form of Kubernetes and in that of
/// links between Docker's containers.
/// </summary>
internal static class ServiceVariables
{
    private const string ClusterNamespace = "default";
    private const string ClusterService = "kubernetes";

    /// <summary>The variables that a pod gets, by name.</summary>
    /// <param name="services">The services of its namespace, and the cluster's own.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="withLinks">Whether it wants those of its namespace; it gets the cluster's own in any case.</param>
    public static SortedDictionary<string, string> Of(IEnumerable<JsonObject> services, string ns, bool withLinks)
    {
        SortedDictionary<string, JsonObject> visible = new(StringComparer.Ordinal);
        foreach (var service in services)
        {
            var name = (string?)service["metadata"]?["name"] ?? "";
            var place = (string?)service["metadata"]?["namespace"];
            if ((string?)service["spec"]?["clusterIP"] is null or "" or "None")
            {
                continue;
            }

            if (place == ClusterNamespace && name == ClusterService)
            {
                visible.TryAdd(name, service);
            }
            else if (place == ns && withLinks)
            {
                visible[name] = service;
            }
        }

        SortedDictionary<string, string> variables = new(StringComparer.Ordinal);
        foreach (var (name, service) in visible)
        {
            Add(variables, NameOf(name), service["spec"]!.AsObject());
        }

        return variables;
    }

    private static void Add(SortedDictionary<string, string> variables, string name, JsonObject spec)
    {
        var address = (string)spec["clusterIP"]!;
        variables[name + "_SERVICE_HOST"] = address;
        var isFirst = true;
        foreach (var port in spec["ports"] as JsonArray ?? [])
        {
            var number = ((int?)port?["port"] ?? 0).ToString(CultureInfo.InvariantCulture);
            var protocol = (string?)port?["protocol"] is { Length: > 0 } known ? known : "TCP";
            var link = $"{name}_PORT_{number}_{protocol.ToUpperInvariant()}";
            var url = $"{protocol.ToLowerInvariant()}://{(address.Contains(':') ? $"[{address}]" : address)}:{number}";
            if (isFirst)
            {
                variables[name + "_SERVICE_PORT"] = number;
                variables[name + "_PORT"] = url;
                isFirst = false;
            }

            if ((string?)port?["name"] is { Length: > 0 } portName)
            {
                variables[$"{name}_SERVICE_PORT_{NameOf(portName)}"] = number;
            }

            variables[link] = url;
            variables[link + "_PROTO"] = protocol.ToLowerInvariant();
            variables[link + "_PORT"] = number;
            variables[link + "_ADDR"] = address;
        }
    }

    private static string NameOf(string name) => name.ToUpperInvariant().Replace('-', '_');
}
