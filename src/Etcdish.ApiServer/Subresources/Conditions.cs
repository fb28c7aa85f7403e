using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Lists of conditions, which have at most one of a type.</summary>
internal static class Conditions
{
    /// <summary>The condition of a type in a status, or null.</summary>
    public static JsonObject? Find(JsonObject? status, string type)
    {
        foreach (var condition in status.Items("conditions"))
        {
            if (condition is JsonObject found && found.Text("type") == type)
            {
                return found;
            }
        }

        return null;
    }

    public static bool IsTrue(JsonObject? status, string type) => Find(status, type).Text("status") == "True";

    /// <summary>Sets a condition. The time of its last transition stays if its status does.</summary>
    public static void Set(JsonObject status, JsonObject condition, string now)
    {
        if (status["conditions"] is not JsonArray list)
        {
            list = [];
            status["conditions"] = list;
        }

        var old = Find(status, condition.Text("type"));
        var isSame = old is not null && old.Text("status") == condition.Text("status");
        condition["lastTransitionTime"] = isSame ? old!.Text("lastTransitionTime") : now;
        if (old is null)
        {
            list.Add(condition);
        }
        else
        {
            list[list.IndexOf(old)] = condition;
        }
    }
}
