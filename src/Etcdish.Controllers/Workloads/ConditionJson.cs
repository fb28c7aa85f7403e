using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>Conditions as status holds them.</summary>
internal static class ConditionJson
{
    /// <summary>A list of conditions; null, which removes the field, if there are none.</summary>
    public static JsonArray? Of(IReadOnlyCollection<Condition> conditions) =>
        conditions.Count == 0 ? null : [.. conditions.Select(Of)];

    /// <summary>A count as status holds it: most kinds leave out what is zero.</summary>
    public static JsonNode? Count(long count) => count == 0 ? null : count;

    private static JsonNode Of(Condition condition)
    {
        var json = new JsonObject { ["type"] = condition.Type, ["status"] = condition.Status };
        if (condition.LastUpdateTime is { } updated)
        {
            json["lastUpdateTime"] = TimeText.Format(updated);
        }

        if (condition.LastTransitionTime is { } changed)
        {
            json["lastTransitionTime"] = TimeText.Format(changed);
        }

        if (condition.Reason.Length > 0)
        {
            json["reason"] = condition.Reason;
        }

        if (condition.Message.Length > 0)
        {
            json["message"] = condition.Message;
        }

        return json;
    }
}
