using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// Ends a node's pods before its machine goes down: those of lower priority first, and when these have ended or their time is over, the
/// critical ones. Pods stay as objects, Failed, so that their owners make others elsewhere.
/// </summary>
/// <param name="pods">The pods.</param>
/// <param name="grace">How long all together have.</param>
/// <param name="criticalGrace">How much of it is for critical pods.</param>
/// <param name="clock">The clock.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
internal sealed class GracefulShutdown(
    IPodDirectory pods, TimeSpan grace, TimeSpan criticalGrace, TimeProvider clock, Action<string> warn)
{
    /// <summary>From this priority on a pod is critical: system-cluster-critical.</summary>
    public const int CriticalPriority = 2_000_000_000;

    private const string Reason = "Terminated";
    private const string Message = "Pod was terminated in response to imminent node shutdown.";

    /// <summary>What a node that goes down says of itself.</summary>
    public const string NodeFault = "node is shutting down";

    /// <summary>Ends them; completes when they have ended, or the time is over.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        foreach (var group in Plan(pods.List(), grace, criticalGrace))
        {
            await EndAsync(group, cancellation);
        }
    }

    /// <summary>Who ends when: groups one after the other, with the time that each has.</summary>
    internal static IReadOnlyList<ShutdownGroup> Plan(IReadOnlyList<PodManifest> pods, TimeSpan grace, TimeSpan criticalGrace)
    {
        var critical = criticalGrace < grace ? criticalGrace : grace;
        ShutdownGroup[] groups =
        [
            new(grace - critical, [.. pods.Where(pod => pod.Spec.Priority < CriticalPriority)]),
            new(critical, [.. pods.Where(pod => pod.Spec.Priority >= CriticalPriority)]),
        ];
        return [.. groups.Where(group => group.Pods.Count > 0)];
    }

    private async Task EndAsync(ShutdownGroup group, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(group.Time, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var ending = group.Pods.Select(pod => pods.EvictAsync(pod.Uid, Reason, Message, Own(pod, group.Time), either.Token)).ToArray();
        try
        {
            await Task.WhenAll(ending);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            warn($"{ending.Count(task => !task.IsCompletedSuccessfully)} pods have not ended within {group.Time.TotalSeconds:0} s");
        }
    }

    private static TimeSpan Own(PodManifest pod, TimeSpan most) =>
        pod.Spec.TerminationGracePeriodSeconds is { } seconds && TimeSpan.FromSeconds(seconds) < most ? TimeSpan.FromSeconds(seconds) : most;
}

/// <summary>Pods that end together, and how long they have.</summary>
internal sealed record ShutdownGroup(TimeSpan Time, IReadOnlyList<PodManifest> Pods);
