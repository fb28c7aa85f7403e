using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>Conditions of a status: one of each type, with the time of its last turn.</summary>
internal static class Conditions
{
    public static bool IsTrue(JsonObject? status, string type) => Find(status, type).Text("status") == "True";

    public static void Set(JsonObject status, string type, bool isTrue, string reason, string message, string now)
    {
        var condition = Find(status, type);
        if (condition is null)
        {
            if (status["conditions"] is not JsonArray list)
            {
                status["conditions"] = list = [];
            }

            condition = new JsonObject { ["lastTransitionTime"] = now };
            list.Add(condition);
        }

        var word = isTrue ? "True" : "False";
        if (condition.Text("status") != word)
        {
            condition["lastTransitionTime"] = now;
        }

        condition["message"] = message;
        condition["reason"] = reason;
        condition["status"] = word;
        condition["type"] = type;
    }

    private static JsonObject? Find(JsonObject? status, string type) =>
        status.Items("conditions").OfType<JsonObject>().FirstOrDefault(condition => condition.Text("type") == type);
}
