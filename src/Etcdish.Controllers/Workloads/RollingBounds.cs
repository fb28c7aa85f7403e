using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>How far a deployment may be from what is wanted while its pods are replaced.</summary>
/// <param name="MaxSurge">How many pods there may be too many.</param>
/// <param name="MaxUnavailable">How many pods may be missing.</param>
internal readonly record struct RollingBounds(int MaxSurge, int MaxUnavailable)
{
    private static readonly IntOrString _default = new("25%");

    /// <summary>
    /// The bounds of a deployment. Of percentages surge is rounded up and unavailable down; if both come to nothing, one may be unavailable,
    /// since nothing could be replaced otherwise.
    /// </summary>
    public static RollingBounds Of(DeploymentSpec spec)
    {
        if (spec.Strategy.Type != "RollingUpdate")
        {
            return default;
        }

        var surge = Scale(spec.Strategy.RollingUpdate?.MaxSurge, spec.Replicas, roundUp: true);
        var unavailable = Scale(spec.Strategy.RollingUpdate?.MaxUnavailable, spec.Replicas, roundUp: false);
        if (surge == 0 && unavailable == 0)
        {
            unavailable = 1;
        }

        return new RollingBounds(surge, Math.Min(unavailable, spec.Replicas));
    }

    private static int Scale(IntOrString? value, int replicas, bool roundUp) =>
        (value ?? _default).TryScale(replicas, roundUp, out var scaled) ? Math.Max(scaled, 0) : 0;
}
