using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Controllers.DaemonSets;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.DaemonSets;

/// <summary>
/// Daemon sets, nodes and pods in a short notation. A pod is its node, its revision (B is the newest) and its state: <c>a:A+</c>. States:
/// <c>+</c> available, <c>-</c> running, <c>?</c> pending, <c>!</c> failed, <c>.</c> succeeded; <c>x</c> behind: being deleted; <c>u</c>
/// behind: made for the node, but not bound. Of several pods the first is the oldest. Nodes: <c>a</c>, or <c>a/</c> for one that turns new
/// pods away, or <c>a//</c> for one that turns all out.
/// </summary>
internal static class DaemonObjects
{
    private const string Template = """{"spec":{"containers":[]}}""";

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static DaemonSet Set(string? maxUnavailable = null, string? maxSurge = null, string template = Template) => new()
    {
        Metadata = new ObjectMetadata { Name = "agent", Namespace = "default", Uid = "set", Generation = 3 },
        Spec = new DaemonSetSpec
        {
            Selector = LabelSelector.Parse("app=agent"),
            Template = new PodTemplate((JsonObject)JsonNode.Parse(template)!),
            UpdateStrategy = new DaemonSetUpdateStrategy
            {
                Type = "RollingUpdate",
                RollingUpdate = new() { MaxUnavailable = Count(maxUnavailable ?? "1"), MaxSurge = Count(maxSurge ?? "0") },
            },
        },
        Status = new DaemonSetStatus { ObservedGeneration = 2 },
    };

    public static DaemonView View(DaemonSet set, string nodes, string pods) =>
        new(set, "B", [.. Words(nodes).Select(Node)], [.. Words(pods).Select(Pod)], Now);

    public static string Describe(DaemonPlan plan) => string.Join(
        ", ", [.. plan.CreateOn.Select(node => "create " + node), .. plan.Delete.Select(pod => "delete " + pod.Metadata.Name)]);

    public static Node Node(string notation)
    {
        var name = notation.TrimEnd('/');
        Taint[] taints = (notation.Length - name.Length) switch
        {
            0 => [],
            1 => [new Taint { Key = "k", Effect = "NoSchedule" }],
            _ => [new Taint { Key = "k", Effect = "NoExecute" }],
        };
        return new Node
        {
            Metadata = new ObjectMetadata { Name = name, Labels = new() { ["kubernetes.io/hostname"] = name } },
            Spec = new NodeSpec { Taints = taints },
        };
    }

    private static Pod Pod(string notation, int number)
    {
        var (node, state) = (notation[..notation.IndexOf(':')], notation[(notation.IndexOf(':') + 2)..]);
        var revision = notation[notation.IndexOf(':') + 1].ToString();
        var json = DaemonPods.Make(Set(), revision, node);
        json["metadata"]!["name"] = $"{node}{number}";
        json["metadata"]!["uid"] = $"uid-{number}";
        json["metadata"]!["creationTimestamp"] = TimeText.Format(Now - TimeSpan.FromHours(2) + TimeSpan.FromSeconds(number));
        json["status"] = new JsonObject
        {
            ["phase"] = state[0] switch { '?' => "Pending", '!' => "Failed", '.' => "Succeeded", _ => "Running" },
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Ready",
                ["status"] = state[0] == '+' ? "True" : "False",
                ["lastTransitionTime"] = TimeText.Format(Now - TimeSpan.FromHours(1)),
            }),
        };
        if (state.Contains('x'))
        {
            json["metadata"]!["deletionTimestamp"] = TimeText.Format(Now);
        }

        if (!state.Contains('u'))
        {
            json["spec"]!["nodeName"] = node;
        }

        return json.Deserialize(Resources.Pods.Form)!;
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static IntOrString Count(string text) => text.EndsWith('%') ? new IntOrString(text) : new IntOrString(int.Parse(text));
}
