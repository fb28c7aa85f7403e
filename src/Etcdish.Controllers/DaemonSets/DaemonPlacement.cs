using System.Runtime.CompilerServices;
using System.Text.Json;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>
/// Which nodes get a pod of a daemon set: those where the scheduler would put it, as far as that does not depend on what else runs there.
/// </summary>
internal sealed class DaemonPlacement
{
    private static readonly ConditionalWeakTable<PodTemplate, DaemonPlacement> _known = [];
    private readonly PodSpec _pod;
    private readonly List<Toleration> _tolerations;

    private DaemonPlacement(PodTemplate template)
    {
        _pod = template.Json.Deserialize(Resources.Pods.Form)!.Spec;
        _tolerations = [.. _pod.Tolerations, .. DaemonPods.OwnTolerations(_pod.HostNetwork)];
    }

    /// <summary>That of a template, which never changes.</summary>
    public static DaemonPlacement Of(PodTemplate template) => _known.GetValue(template, made => new DaemonPlacement(made));

    /// <summary>
    /// Whether a node is to have a pod, and whether a pod that is there may stay: taints of NoSchedule turn away, but not out.
    /// </summary>
    public (bool ShouldRun, bool MayStay) Judge(Node node)
    {
        if (!IsChosen(node))
        {
            return (false, false);
        }

        var isWelcome = true;
        foreach (var taint in node.Spec.Taints)
        {
            if (taint.Effect is "NoSchedule" or "NoExecute" && !_tolerations.Exists(toleration => toleration.Tolerates(taint)))
            {
                isWelcome = false;
                if (taint.Effect == "NoExecute")
                {
                    return (false, false);
                }
            }
        }

        return (isWelcome, true);
    }

    /// <summary>Whether a change of a node can change what <see cref="Judge"/> says of it.</summary>
    public static bool IsAffected(Node before, Node now)
    {
        if (before.Metadata.Labels.Count != now.Metadata.Labels.Count || before.Spec.Taints.Length != now.Spec.Taints.Length)
        {
            return true;
        }

        foreach (var (key, value) in before.Metadata.Labels)
        {
            if (!now.Metadata.Labels.TryGetValue(key, out var same) || same != value)
            {
                return true;
            }
        }

        for (var i = 0; i < before.Spec.Taints.Length; i++)
        {
            var (one, other) = (before.Spec.Taints[i], now.Spec.Taints[i]);
            if (one.Key != other.Key || one.Value != other.Value || one.Effect != other.Effect)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsChosen(Node node)
    {
        if (_pod.NodeName.Length > 0 && _pod.NodeName != node.Metadata.Name)
        {
            return false;
        }

        foreach (var (key, value) in _pod.NodeSelector ?? [])
        {
            if (!node.Metadata.Labels.TryGetValue(key, out var there) || there != value)
            {
                return false;
            }
        }

        return _pod.Affinity?.NodeAffinity?.Required is not { } required || required.Matches(node);
    }
}
