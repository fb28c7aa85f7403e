using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes.Networks;

/// <summary>Runs the plugins of a configuration for one pod: each is told the result of the one before it.</summary>
/// <param name="configuration">The plugins.</param>
/// <param name="pod">The pod.</param>
/// <param name="link">The name of its interface.</param>
/// <param name="clock">The clock of plugins' limits.</param>
internal sealed class CniChain(CniConfiguration configuration, PodAttachment pod, string link, TimeProvider clock)
{
    private const string PortMappings = "portMappings";

    /// <summary>Adds the pod; the result of the last plugin.</summary>
    /// <exception cref="RuntimeException">A plugin failed; those before it are to be told to delete.</exception>
    public async Task<string> AddAsync(CancellationToken cancellation)
    {
        if (pod.Ports.Count > 0 && !configuration.Plugins.Any(TakesPorts))
        {
            throw new RuntimeException(
                $"no plugin of network {configuration.Name} has the capability {PortMappings}, by which ports of the node lead to a pod "
                + $"(hostPort {pod.Ports[0].HostPort})");
        }

        var result = "";
        foreach (var plugin in Needed)
        {
            result = await RunAsync("ADD", plugin, result, cancellation);
            ReadResult(plugin, result);
        }

        return result;
    }

    /// <summary>Asks whether all is as it was made.</summary>
    /// <exception cref="RuntimeException">A plugin says that it is not.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        foreach (var plugin in Needed)
        {
            await RunAsync("CHECK", plugin, pod.Result, cancellation);
        }
    }

    /// <summary>Takes the pod out again, whatever is left of it; the last plugin first.</summary>
    /// <exception cref="RuntimeException">A plugin failed.</exception>
    public async Task DeleteAsync(CancellationToken cancellation)
    {
        foreach (var plugin in Needed.Reverse())
        {
            await RunAsync("DEL", plugin, pod.Result, cancellation);
        }
    }

    /// <summary>Addresses of a result, without the lengths of their networks.</summary>
    public static IReadOnlyList<string> Addresses(string result) =>
        [.. (JsonNode.Parse(result)!["ips"] as JsonArray ?? []).Select(ip => ((string)ip!["address"]!).Split('/')[0])];

    /// <summary>Without ports, portmap only hands on what it is told, but cannot do even that on a machine without iptables.</summary>
    private IEnumerable<JsonObject> Needed =>
        configuration.Plugins.Where(plugin => pod.Ports.Count > 0 || (string?)plugin["type"] != "portmap");

    private static bool TakesPorts(JsonObject plugin) =>
        plugin["capabilities"] is JsonObject capabilities && capabilities[PortMappings]?.GetValueKind() == JsonValueKind.True;

    private Task<string> RunAsync(string command, JsonObject plugin, string before, CancellationToken cancellation) =>
        CniPlugin.RunAsync((string)plugin["type"]!, command, pod, link, Input(plugin, before), clock, cancellation);

    /// <summary>What a plugin is told: its part of the configuration, what it can do with this pod, and what was done before it.</summary>
    private string Input(JsonObject plugin, string before)
    {
        var input = plugin.DeepClone().AsObject();
        input.Remove("capabilities");
        input["cniVersion"] = configuration.Version;
        input["name"] = configuration.Name;
        if (TakesPorts(plugin) && pod.Ports.Count > 0)
        {
            input["runtimeConfig"] = new JsonObject { [PortMappings] = new JsonArray([.. pod.Ports.Select(Mapping)]) };
        }

        if (before.Length > 0)
        {
            input["prevResult"] = JsonNode.Parse(before);
        }

        return input.ToJsonString();
    }

    private static JsonNode Mapping(PortSettings port)
    {
        var mapping = new JsonObject
        {
            ["hostPort"] = port.HostPort,
            ["containerPort"] = port.ContainerPort,
            ["protocol"] = port.Protocol.ToLower(CultureInfo.InvariantCulture),
        };
        if (port.HostAddress.Length > 0)
        {
            mapping["hostIP"] = port.HostAddress;
        }

        return mapping;
    }

    private static void ReadResult(JsonObject plugin, string result)
    {
        try
        {
            Addresses(result);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or ArgumentNullException)
        {
            throw new RuntimeException($"plugin type=\"{plugin["type"]}\" failed (add): its result cannot be read: {e.Message}", inner: e);
        }
    }
}
