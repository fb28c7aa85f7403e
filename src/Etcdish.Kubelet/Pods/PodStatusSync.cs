using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Pods;

/// <summary>Makes the status of pods known to the API: the newest one, when it differs from what the API has.</summary>
/// <param name="api">The API.</param>
/// <param name="find">The record of a pod; null: it is gone.</param>
/// <param name="target">The pod under which the API knows it; null: it knows none.</param>
/// <param name="written">Is told of each pod whose status is known now.</param>
internal sealed class PodStatusSync(
    IPodApi api, Func<string, PodRecord?> find, Func<PodRecord, PodManifest?> target, Action<string> written)
{
    private static readonly string[] _passing = ["PodResizePending", "PodResizeInProgress"];

    /// <summary>Writes one, if need be.</summary>
    public async Task WriteAsync(string uid, CancellationToken cancellation)
    {
        if (find(uid) is not { } record)
        {
            return;
        }

        JsonObject? status;
        int version;
        lock (record.Lock)
        {
            if (record.Status is null || record.WrittenVersion == record.StatusVersion)
            {
                return;
            }

            (status, version) = ((JsonObject)record.Status.DeepClone(), record.StatusVersion);
        }

        var pod = target(record);
        if (pod is null && record.IsStatic)
        {
            // Its mirror is on its way, and asks for it then.
            return;
        }

        if (pod is not null && !IsKnown(pod.Status, status))
        {
            ReplaceLists(pod.Status, status);
            DropConditions(pod.Status, (JsonArray)status["conditions"]!);
            await api.PatchStatusAsync(pod, status, cancellation);
        }

        lock (record.Lock)
        {
            record.NoteWritten(version);
        }

        written(uid);
    }

    /// <summary>Whether the API has all of a status already.</summary>
    private static bool IsKnown(JsonObject? known, JsonObject status)
    {
        foreach (var (field, value) in status)
        {
            var there = known?[field];
            if (field == "conditions" ? !AreKnown(there as JsonArray, (JsonArray)value!) : !JsonNode.DeepEquals(there, value))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreKnown(JsonArray? known, JsonArray conditions)
    {
        if (Outdated(known, conditions).Any())
        {
            return false;
        }

        foreach (var condition in conditions)
        {
            var type = (string?)condition!["type"];
            var there = known?.FirstOrDefault(entry => (string?)entry?["type"] == type) as JsonObject;
            if (there is null || condition.AsObject().Any(field => !JsonNode.DeepEquals(there[field.Key], field.Value)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Conditions are merged by type: those that no longer hold must be told to go.</summary>
    private static void DropConditions(JsonObject? known, JsonArray conditions)
    {
        foreach (var type in Outdated(known?["conditions"] as JsonArray, conditions).ToList())
        {
            conditions.Add(new JsonObject { ["type"] = type, ["$patch"] = "delete" });
        }
    }

    private static IEnumerable<string> Outdated(JsonArray? known, JsonArray conditions) =>
        _passing.Where(type => Has(known, type) && !Has(conditions, type));

    private static bool Has(JsonArray? conditions, string type) =>
        conditions?.Any(condition => (string?)condition?["type"] == type) == true;

    /// <summary>Lists of addresses are merged by address: those that are no longer there must be told to go.</summary>
    private static void ReplaceLists(JsonObject? known, JsonObject status)
    {
        foreach (var field in (ReadOnlySpan<string>)["podIPs", "hostIPs"])
        {
            if (known?[field] is JsonArray { Count: > 0 } there && status[field] is JsonArray now && !JsonNode.DeepEquals(there, now))
            {
                now.Insert(0, new JsonObject { ["$patch"] = "replace" });
            }
        }
    }
}
