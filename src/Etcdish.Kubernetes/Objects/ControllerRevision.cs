using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Objects;

/// <summary>One state that a set once wanted (apps/v1 ControllerRevision). Only its number ever changes.</summary>
public sealed class ControllerRevision : KubernetesObject
{
    /// <summary>Its place in the history of its set: the highest is the newest.</summary>
    public long Revision { get; set; }

    /// <summary>A strategic merge patch that brings the set back to it.</summary>
    public JsonObject Data { get => field ?? []; set; }
}
