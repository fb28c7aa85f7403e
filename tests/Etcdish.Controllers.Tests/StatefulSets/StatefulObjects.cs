using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.StatefulSets;

/// <summary>
/// Stateful sets and pods in a short notation. A pod is its number, its revision and its state: <c>2:A+</c>. States: <c>+</c> available,
/// <c>~</c> ready for a second, <c>-</c> running, <c>?</c> pending, <c>!</c> failed, <c>.</c> succeeded; <c>x</c> behind: being deleted.
/// </summary>
internal static class StatefulObjects
{
    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static StatefulSet Set(int replicas, string management = "OrderedReady") => new()
    {
        Metadata = new ObjectMetadata { Name = "web", Namespace = "default", Uid = "set", Generation = 3 },
        Spec = new StatefulSetSpec
        {
            Replicas = replicas,
            PodManagementPolicy = management,
            ServiceName = "svc",
            Selector = LabelSelector.Parse("app=web"),
            UpdateStrategy = new StatefulSetUpdateStrategy { Type = "RollingUpdate", RollingUpdate = new StatefulSetRollingUpdate() },
            Template = new PodTemplate((JsonObject)JsonNode.Parse(
                """{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""")!),
        },
    };

    public static StatefulSet WithClaims(this StatefulSet set, string whenDeleted = "Retain", string whenScaled = "Retain")
    {
        set.Spec.VolumeClaimTemplates =
        [
            (JsonObject)JsonNode.Parse("""{"metadata":{"name":"data","labels":{"x":"y"}},"spec":{"accessModes":["ReadWriteOnce"]}}""")!,
        ];
        set.Spec.PersistentVolumeClaimRetentionPolicy = new ClaimRetentionPolicy { WhenDeleted = whenDeleted, WhenScaled = whenScaled };
        return set;
    }

    public static List<Pod> Pods(string notation) =>
        [.. notation.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Pod)];

    public static Pod Pod(string notation)
    {
        var (number, state) = (notation[..notation.IndexOf(':')], notation[(notation.IndexOf(':') + 2)..]);
        var json = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = "web-" + number,
                ["namespace"] = "default",
                ["uid"] = "uid-" + number,
                ["labels"] = new JsonObject
                {
                    ["app"] = "web",
                    ["statefulset.kubernetes.io/pod-name"] = "web-" + number,
                    ["apps.kubernetes.io/pod-index"] = number,
                    ["controller-revision-hash"] = notation[notation.IndexOf(':') + 1].ToString(),
                },
            },
            ["status"] = new JsonObject
            {
                ["phase"] = state[0] switch { '?' => "Pending", '!' => "Failed", '.' => "Succeeded", _ => "Running" },
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready",
                    ["status"] = state[0] is '+' or '~' ? "True" : "False",
                    ["lastTransitionTime"] = TimeText.Format(Now - TimeSpan.FromSeconds(state[0] == '~' ? 1 : 3600)),
                }),
            },
        };
        if (state.EndsWith('x'))
        {
            json["metadata"]!["deletionTimestamp"] = TimeText.Format(Now);
        }

        return json.Deserialize(Resources.Pods.Form)!;
    }
}
