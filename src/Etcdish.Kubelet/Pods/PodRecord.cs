using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Pods;

/// <summary>
/// What a kubelet remembers of a pod while it runs. All of it may be lost: it comes again from the runtime, the API, or by doing again what
/// does no harm when it is done twice. Everything here is read and written under <see cref="Lock"/>.
/// </summary>
internal sealed class PodRecord(PodManifest pod)
{
    /// <summary>What failed is tried again after so long, doubling.</summary>
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (int Count, DateTimeOffset RetryAt)> _failures = [];

    public Lock Lock { get; } = new();

    public string Uid { get; } = pod.Uid;

    /// <summary>The pod as its source has it; at last, as it had it.</summary>
    public PodManifest Pod { get; set; } = pod;

    /// <summary>Whether it is from a file, not from the API.</summary>
    public bool IsStatic { get; init; }

    /// <summary>Whether no source knew it: the runtime has something of it.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>Whether its source no longer has it.</summary>
    public bool IsVanished { get; set; }

    /// <summary>Whether it was let in, or needs not be asked.</summary>
    public bool IsAdmitted { get; set; }

    public PodEnding? Ending { get; set; }

    public bool IsDeleted { get; set; }

    public bool IsReleased { get; set; }

    /// <summary>Its volumes, once they are made.</summary>
    public IReadOnlyDictionary<string, VolumePlace>? Volumes { get; set; }

    /// <summary>Its control group, once that is made.</summary>
    public string CgroupParent { get; set; } = "";

    /// <summary>What is being done, by key.</summary>
    public Dictionary<string, PodOperation> Running { get; } = [];

    public HashSet<string> StoppedSandboxes { get; } = [];

    public Dictionary<string, ContainerWait> Waits { get; } = [];

    public Dictionary<string, CrashBackOff> BackOffs { get; } = [];

    /// <summary>What containers that run were given, by id.</summary>
    public Dictionary<string, GivenResources> Given { get; } = [];

    /// <summary>Of its containers and sandboxes all that is known, by id.</summary>
    public Dictionary<string, ContainerState> ContainerDetails { get; } = [];

    public Dictionary<string, SandboxState> SandboxDetails { get; } = [];

    /// <summary>Containers that are probed.</summary>
    public HashSet<string> Probed { get; } = [];

    /// <summary>The tries of which was told that they wait for being started again, by container.</summary>
    public Dictionary<string, int> ToldBackOffs { get; } = [];

    /// <summary>The status that is to be known of it; null: none was built yet.</summary>
    public JsonObject? Status { get; private set; }

    /// <summary>Grows with every new status.</summary>
    public int StatusVersion { get; private set; }

    /// <summary>The newest status that the API has.</summary>
    public int WrittenVersion { get; private set; }

    /// <summary>Whether <see cref="Status"/> is the last one: nothing of the pod runs any more.</summary>
    public bool IsStatusFinal { get; private set; }

    public PodStage Stage { get; set; }

    /// <summary>Completes when nothing of it runs any more.</summary>
    public TaskCompletionSource HasEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the API has its last status.</summary>
    public TaskCompletionSource IsToldOf { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Sets the status, if it is another one. The first is news even if the API has the same.</summary>
    public void SetStatus(JsonObject status, bool isFinal)
    {
        IsStatusFinal = isFinal;
        if (Status is null || !JsonNode.DeepEquals(Status, status))
        {
            Status = status;
            StatusVersion++;
        }

        NoteWritten(WrittenVersion);
    }

    /// <summary>Notes which status the API has; 0: none of them.</summary>
    public void NoteWritten(int version)
    {
        WrittenVersion = version;
        if (IsStatusFinal && WrittenVersion == StatusVersion)
        {
            IsToldOf.TrySetResult();
        }
    }

    /// <summary>Notes that something failed; when it is tried again.</summary>
    public DateTimeOffset NoteFailure(string key, DateTimeOffset now, DateTimeOffset? retryAt = null)
    {
        var count = _failures.TryGetValue(key, out var known) ? known.Count + 1 : 1;
        var pause = _firstPause * Math.Pow(2, Math.Min(count - 1, 10));
        var at = retryAt ?? now + (pause < _longestPause ? pause : _longestPause);
        _failures[key] = (count, at);
        return at;
    }

    /// <summary>Notes that something went well.</summary>
    public void ForgetFailure(string key) => _failures.Remove(key);

    /// <summary>When what failed is tried again, by key.</summary>
    public Dictionary<string, DateTimeOffset> Retries() => _failures.ToDictionary(entry => entry.Key, entry => entry.Value.RetryAt);
}

/// <summary>Something that is being done about a pod. Like all of its record, it is broken off and disposed under the record's lock.</summary>
/// <param name="action">What is being done.</param>
/// <param name="end">Breaks off all operations.</param>
internal sealed class PodOperation(PodAction action, CancellationToken end) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(end);
    private bool _isOver;

    public PodAction Action { get; } = action;

    /// <summary>Is cancelled when it is broken off. Only for who does it.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>Breaks it off, unless it is over: one that ended with its kubelet stays in the record, since nobody saw what it did.</summary>
    public void Break()
    {
        if (!_isOver)
        {
            _stop.Cancel();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        _stop.Dispose();
    }
}
