using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Probes;

/// <summary>One probe of one container: what it says, and how often it has said so. Not safe for use by many threads.</summary>
/// <param name="kind">What it is for.</param>
/// <param name="manifest">How it is done.</param>
/// <param name="result">What holds until it has been done often enough.</param>
internal sealed class ProbeState(ProbeKind kind, ProbeManifest manifest, bool? result)
{
    private bool? _last;
    private int _run;

    public ProbeKind Kind { get; } = kind;

    public ProbeManifest Manifest { get; } = manifest;

    /// <summary>What it says; null: nothing yet.</summary>
    public bool? Result { get; private set; } = result;

    /// <summary>Whether it is done no more: what it found holds for the rest of the container's life.</summary>
    public bool IsOver { get; private set; }

    /// <summary>When it is done next.</summary>
    public DateTimeOffset NextAt { get; set; }

    /// <summary>How often it has succeeded, failed and come to nothing.</summary>
    public (long Successful, long Failed, long Unknown) Counts { get; private set; }

    /// <summary>How long it is from one time to the next.</summary>
    public TimeSpan Period => TimeSpan.FromSeconds(Math.Max(Manifest.PeriodSeconds, 1));

    /// <summary>Takes an outcome; whether the result has changed by it.</summary>
    public bool Take(ProbeVerdict verdict)
    {
        var (good, bad, unknown) = Counts;
        if (verdict == ProbeVerdict.Unknown)
        {
            Counts = (good, bad, unknown + 1);
            return false;
        }

        var isGood = verdict != ProbeVerdict.Failure;
        Counts = isGood ? (good + 1, bad, unknown) : (good, bad + 1, unknown);
        _run = _last == isGood ? _run + 1 : 1;
        _last = isGood;
        if (_run < Math.Max(isGood ? Manifest.SuccessThreshold : Manifest.FailureThreshold, 1))
        {
            return false;
        }

        IsOver = Kind == ProbeKind.Startup || (Kind == ProbeKind.Liveness && !isGood);
        var hasChanged = Result != isGood;
        Result = isGood;
        return hasChanged;
    }

    /// <summary>Says from now on that all is well, and nothing else.</summary>
    public void Close()
    {
        IsOver = true;
        Result = true;
    }
}
