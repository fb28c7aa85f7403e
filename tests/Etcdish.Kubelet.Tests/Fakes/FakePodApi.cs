using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>
/// Pods as an API has them, and what it tells a watch of them. It notes what no kubelet may write (<see cref="Violations"/>).
/// </summary>
internal sealed class FakePodApi : IPodApi
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JsonObject> _pods = [];
    private readonly List<string> _violations = [];
    private int _revision;

    /// <summary>Hears of every change: before and now.</summary>
    public Action<PodManifest?, PodManifest?> Changed { get; set; } = (_, _) => { };

    /// <summary>Says whether a write fails.</summary>
    public Func<bool> Fails { get; set; } = () => false;

    /// <summary>Is asked before a pod is deleted for good; what it answers is wrong with that.</summary>
    public Func<string, string?> CheckDelete { get; set; } = _ => null;

    /// <summary>How many statuses were written.</summary>
    public int Writes { get; private set; }

    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_lock)
            {
                return [.. _violations];
            }
        }
    }

    /// <summary>Creates a pod that is bound to the node.</summary>
    public PodManifest Create(string name, string spec, string metadata = "{}")
    {
        lock (_lock)
        {
            var pod = new JsonObject
            {
                ["metadata"] = JsonNode.Parse(metadata.Replace('\'', '"')),
                ["spec"] = JsonNode.Parse(spec.Replace('\'', '"')),
                ["status"] = new JsonObject { ["phase"] = "Pending" },
            };
            var meta = pod["metadata"]!;
            (meta["name"], meta["namespace"], meta["uid"]) = (name, "default", $"uid-{name}-{++_revision}");
            return Put(name, pod);
        }
    }

    /// <summary>Changes a pod, as its users do.</summary>
    public void Change(string name, Action<JsonObject> change)
    {
        lock (_lock)
        {
            var pod = (JsonObject)_pods[name].DeepClone();
            change(pod);
            Put(name, pod);
        }
    }

    /// <summary>Deletes a pod gracefully; with 0, at once, as by force.</summary>
    public void Delete(string name, long grace = 30)
    {
        lock (_lock)
        {
            if (!_pods.ContainsKey(name))
            {
                return;
            }

            Change(name, pod =>
            {
                pod["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
                pod["metadata"]!["deletionGracePeriodSeconds"] = grace;
            });
            if (grace == 0)
            {
                Remove(name);
            }
        }
    }

    /// <summary>The status of a pod; null: there is none.</summary>
    public JsonObject? Status(string name)
    {
        lock (_lock)
        {
            return _pods.GetValueOrDefault(name)?["status"]?.DeepClone() as JsonObject;
        }
    }

    /// <summary>All pods.</summary>
    public IReadOnlyList<PodManifest> List()
    {
        lock (_lock)
        {
            return [.. _pods.Values.Select(Read)];
        }
    }

    public Task<bool> PatchStatusAsync(PodManifest pod, JsonObject status, CancellationToken cancellation)
    {
        FailPerhaps();
        lock (_lock)
        {
            if (_pods.GetValueOrDefault(pod.Metadata.Name) is not { } known || (string?)known["metadata"]!["uid"] != pod.Uid)
            {
                return Task.FromResult(false);
            }

            Writes++;
            var now = (JsonObject)known.DeepClone();
            Merge((JsonObject)now["status"]!, status);
            CheckOrder((JsonObject)known["status"]!, (JsonObject)now["status"]!, pod.Metadata.Name);
            Put(pod.Metadata.Name, now);
            return Task.FromResult(true);
        }
    }

    public Task DeleteAsync(PodManifest pod, CancellationToken cancellation)
    {
        FailPerhaps();
        lock (_lock)
        {
            if (_pods.GetValueOrDefault(pod.Metadata.Name) is { } known && (string?)known["metadata"]!["uid"] == pod.Uid)
            {
                if (CheckDelete(pod.Uid) is { } problem)
                {
                    _violations.Add(problem);
                }

                Remove(pod.Metadata.Name);
            }
        }

        return Task.CompletedTask;
    }

    public Task<PodManifest?> CreateMirrorAsync(string ns, JsonObject pod, CancellationToken cancellation)
    {
        FailPerhaps();
        lock (_lock)
        {
            var name = (string)pod["metadata"]!["name"]!;
            if (_pods.ContainsKey(name))
            {
                return Task.FromResult<PodManifest?>(null);
            }

            var mirror = (JsonObject)pod.DeepClone();
            mirror["metadata"]!["namespace"] = ns;
            mirror["metadata"]!["uid"] = $"mirror-{++_revision}";
            mirror["status"] = new JsonObject { ["phase"] = "Pending" };
            return Task.FromResult<PodManifest?>(Put(name, mirror));
        }
    }

    private void FailPerhaps()
    {
        if (Fails())
        {
            throw new ApiStatusException(503, "ServiceUnavailable", "not now");
        }
    }

    private static void Merge(JsonObject known, JsonObject status)
    {
        foreach (var (field, value) in status)
        {
            if (field != "conditions")
            {
                known[field] = value is JsonArray list
                    ? new JsonArray([.. list.Where(entry => entry?["$patch"] is null).Select(entry => entry!.DeepClone())])
                    : value?.DeepClone();
                continue;
            }

            var conditions = known["conditions"] as JsonArray ?? [];
            foreach (var condition in value!.AsArray())
            {
                var there = conditions.FirstOrDefault(c => (string?)c!["type"] == (string?)condition!["type"]);
                conditions.Remove(there);
                if ((string?)condition!["$patch"] != "delete")
                {
                    conditions.Add(condition.DeepClone());
                }
            }

            known["conditions"] = conditions.DeepClone();
        }
    }

    private void CheckOrder(JsonObject before, JsonObject now, string name)
    {
        var (was, phase) = ((string?)before["phase"], (string?)now["phase"]);
        if ((was is "Succeeded" or "Failed" && was != phase) || (was == "Running" && phase == "Pending"))
        {
            _violations.Add($"{name} went from {was} to {phase}");
        }

        foreach (var list in (string[])["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"])
        {
            foreach (var container in before[list]?.AsArray() ?? [])
            {
                var next = now[list]?.AsArray().FirstOrDefault(c => (string?)c!["name"] == (string?)container!["name"]);
                if (next is not null && (int)next["restartCount"]! < (int)container!["restartCount"]!)
                {
                    _violations.Add($"{name}: the restarts of {container["name"]} fell");
                }
            }
        }
    }

    private PodManifest Put(string name, JsonObject pod)
    {
        pod["metadata"]!["resourceVersion"] = (++_revision).ToString();
        var before = _pods.TryGetValue(name, out var known) ? Read(known) : null;
        _pods[name] = pod;
        var now = Read(pod);
        Changed(before, now);
        return now;
    }

    private void Remove(string name)
    {
        _pods.Remove(name, out var last);
        Changed(Read(last!), null);
    }

    private static PodManifest Read(JsonObject pod) => pod.Deserialize(KubeletForms.Default.PodManifest)!;
}

/// <summary>Keeps all that pods' owners are told, as <c>pod reason: message</c>.</summary>
internal sealed class FakePodEvents : IPodEvents
{
    private readonly Lock _lock = new();
    private readonly List<string> _told = [];

    public IReadOnlyList<string> Told
    {
        get
        {
            lock (_lock)
            {
                return [.. _told];
            }
        }
    }

    public void Tell(PodManifest pod, bool isWarning, string reason, string message, ContainerManifest? container = null)
    {
        lock (_lock)
        {
            _told.Add($"{pod.Metadata.Name}{(container is null ? "" : "/" + container.Name)} {reason}: {message}");
        }
    }
}
