using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Pods;

/// <summary>What a container that runs was given of processors and memory.</summary>
internal sealed record GivenResources(IReadOnlyDictionary<string, Quantity> Requests, IReadOnlyDictionary<string, Quantity> Limits)
{
    /// <summary>What a pod says now.</summary>
    public static GivenResources Of(ContainerManifest container) => new(
        container.Resources.Requests ?? [], container.Resources.Limits ?? []);

    /// <summary>What was made known of a container; null: nothing was.</summary>
    public static GivenResources? Read(JsonObject? status) => status?["resources"] is JsonObject resources
        ? new GivenResources(Read(resources, "requests"), Read(resources, "limits"))
        : null;

    private static Dictionary<string, Quantity> Read(JsonObject resources, string list)
    {
        Dictionary<string, Quantity> values = [];
        foreach (var (name, value) in resources[list] as JsonObject ?? [])
        {
            if (Quantity.TryParse((string?)value ?? "", out var quantity))
            {
                values[name] = quantity;
            }
        }

        return values;
    }
}

/// <summary>Whether a container that runs is to be given other resources, and how.</summary>
internal static class PodResize
{
    private static readonly string[] _resizable = ["cpu", "memory"];

    /// <summary>The resources that differ.</summary>
    public static IReadOnlyList<string> Changes(ContainerManifest container, GivenResources given)
    {
        var wanted = GivenResources.Of(container);
        return [.. _resizable.Where(
            name => Differs(wanted.Requests, given.Requests, name) || Differs(wanted.Limits, given.Limits, name))];
    }

    /// <summary>Whether a change of one of these needs another container.</summary>
    public static bool NeedsRestart(ContainerManifest container, IReadOnlyList<string> changes) => Array.Exists(
        container.ResizePolicy, policy => policy.RestartPolicy == "RestartContainer" && changes.Contains(policy.ResourceName));

    private static bool Differs(IReadOnlyDictionary<string, Quantity> one, IReadOnlyDictionary<string, Quantity> other, string name) =>
        one.TryGetValue(name, out var a) != other.TryGetValue(name, out var b) || a != b;
}
