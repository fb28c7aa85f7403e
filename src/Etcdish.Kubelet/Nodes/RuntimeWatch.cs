using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// Whether pods can be run, by what the runtime says of itself. One that does not answer for a moment, such as one that is restarted, is
/// not yet down.
/// </summary>
internal sealed class RuntimeWatch(IContainerRuntime runtime, TimeProvider clock, Action<string> warn)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _answerTime = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _answeredAt;
    private bool _isSilent;

    /// <summary>What it said last; null: nothing yet.</summary>
    public RuntimeInfo? Info { get; private set; }

    /// <summary>Why no pods can be run, in Kubernetes' words; empty: they can.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_lock)
            {
                if (Info is null)
                {
                    return [_isSilent ? "container runtime is down" : "container runtime status check may not have completed yet"];
                }

                List<string> faults = [];
                if (clock.GetElapsedTime(_answeredAt) > _patience)
                {
                    faults.Add("container runtime is down");
                }

                if (Info.NotReady.Length > 0)
                {
                    faults.Add(Info.NotReady);
                }

                if (Info.NetworkNotReady.Length > 0)
                {
                    faults.Add(Info.NetworkNotReady);
                }

                return faults;
            }
        }
    }

    /// <summary>Asks it.</summary>
    public async Task AskAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(_answerTime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var info = await runtime.GetInfoAsync(either.Token);
            lock (_lock)
            {
                (Info, _answeredAt, _isSilent) = (info, clock.GetTimestamp(), false);
            }
        }
        catch (Exception e) when (e is RuntimeException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            if (!_isSilent)
            {
                warn($"the container runtime does not answer: {e.Message}");
            }

            lock (_lock)
            {
                _isSilent = true;
            }
        }
    }
}
