using System.Text.Json.Nodes;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>Deployments and replica sets as caches hold them, without a server.</summary>
internal static class RolloutSamples
{
    /// <summary>The time at which tables play.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static Deployment Deployment(int replicas, string maxSurge = "0", string maxUnavailable = "0", string image = "new") => new()
    {
        Metadata = new ObjectMetadata { Name = "web", Namespace = "a", Uid = "d", Generation = 1 },
        Spec = new DeploymentSpec
        {
            Replicas = replicas,
            Template = Template(image),
            ProgressDeadlineSeconds = 600,
            Strategy = new DeploymentStrategy
            {
                RollingUpdate = new RollingUpdate { MaxSurge = Number(maxSurge), MaxUnavailable = Number(maxUnavailable) },
            },
        },
    };

    /// <summary>A replica set; its age in minutes.</summary>
    public static ReplicaSet Set(string image, int replicas, int available = 0, int age = 0, int? there = null, int? sizedFor = null, int? max = null) => new()
    {
        Metadata = new ObjectMetadata
        {
            Name = $"web-{image}",
            Namespace = "a",
            Uid = image,
            CreationTimestamp = Now - TimeSpan.FromMinutes(age),
            Annotations = new Dictionary<string, string>
            {
                [Revisions.DesiredReplicas] = Revisions.Text(sizedFor ?? replicas),
                [Revisions.MaxReplicas] = Revisions.Text(max ?? sizedFor ?? replicas),
            },
        },
        Spec = new ReplicaSetSpec { Replicas = replicas, Template = Template(image) },
        Status = new ReplicaSetStatus { Replicas = there ?? replicas, ReadyReplicas = available, AvailableReplicas = available },
    };

    public static PodTemplate Template(string image) =>
        new(JsonNode.Parse(
            "{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"" + image + "\"}]}}")!.AsObject());

    /// <summary>The sizes of replica sets behind steps, by image.</summary>
    public static Dictionary<string, int> After(Rollout rollout, IEnumerable<ScaleStep> steps)
    {
        var sizes = rollout.All.ToDictionary(set => set.Metadata.Uid, set => set.Spec.Replicas);
        foreach (var step in steps)
        {
            sizes[step.Set.Metadata.Uid] = step.Replicas;
        }

        return sizes;
    }

    private static IntOrString Number(string text) => int.TryParse(text, out var number) ? new IntOrString(number) : new IntOrString(text);
}
