using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Pods;

/// <summary>
/// Follows the folder of static pods, and keeps a mirror of each in the API: made when it is missing, made anew when it is deleted or shows
/// another pod, and removed with the file.
/// </summary>
internal sealed class StaticPodSource : IDisposable
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _registration = TimeSpan.FromMilliseconds(500);

    private readonly PodWorkersParts _parts;
    private readonly StaticPods _files;
    private readonly KeyedWorkers _mirrorers;
    private readonly Action<PodManifest?, PodManifest?> _changed;
    private readonly ConcurrentDictionary<string, StaticPod> _pods = [];
    private readonly ConcurrentDictionary<string, PodManifest> _mirrors = [];

    /// <summary>Makes one.</summary>
    /// <param name="parts">What it works with.</param>
    /// <param name="changed">Hears of static pods: before and now.</param>
    public StaticPodSource(PodWorkersParts parts, Action<PodManifest?, PodManifest?> changed)
    {
        _parts = parts;
        _changed = changed;
        _files = new StaticPods(parts.ManifestFolder, parts.NodeName, parts.Warn);
        _mirrorers = new KeyedWorkers("mirror", MirrorAsync, parts.Clock, parts.Warn);
    }

    /// <summary>Whether nothing is being done.</summary>
    public bool IsIdle => _mirrorers.IsIdle;

    /// <summary>Hears that a mirror came, changed or went.</summary>
    public event Action<string>? Mirrored;

    /// <summary>The mirror of a static pod; null: there is none, or none of this very pod.</summary>
    public PodManifest? MirrorOf(PodManifest pod) =>
        _mirrors.TryGetValue(pod.Key.ToString(), out var mirror) && Shows(mirror, pod) ? mirror : null;

    /// <summary>Looks at the files once.</summary>
    public void Scan()
    {
        if (_parts.ManifestFolder.Length == 0)
        {
            return;
        }

        var now = _files.Read().DistinctBy(pod => pod.Pod.Key).ToDictionary(pod => pod.Pod.Key.ToString());
        foreach (var (key, gone) in _pods)
        {
            if (!now.TryGetValue(key, out var pod) || pod.Pod.Uid != gone.Pod.Uid)
            {
                _pods.TryRemove(key, out _);
                _changed(gone.Pod, null);
                _mirrorers.Add(key);
            }
        }

        foreach (var (key, pod) in now)
        {
            if (_pods.TryAdd(key, pod))
            {
                _changed(null, pod.Pod);
                _mirrorers.Add(key);
            }
        }
    }

    /// <summary>Looks at the files from time to time, and keeps mirrors, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var mirroring = MirrorAllAsync(cancellation);
        if (_parts.ManifestFolder.Length > 0)
        {
            await ScanAllAsync(cancellation);
        }

        await mirroring;
    }

    /// <summary>Hears of a mirror in the API.</summary>
    public void OnMirror(PodManifest? before, PodManifest? now)
    {
        var key = (now ?? before)!.Key.ToString();
        if (now is not null)
        {
            _mirrors[key] = now;
        }
        else
        {
            _mirrors.TryRemove(key, out _);
        }

        _mirrorers.Add(key);
        if (_pods.TryGetValue(key, out var pod))
        {
            Mirrored?.Invoke(pod.Pod.Uid);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _mirrorers.Dispose();

    private async Task ScanAllAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_period, _parts.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                try
                {
                    Scan();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    _parts.Warn($"{_parts.ManifestFolder}: {e.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task MirrorAllAsync(CancellationToken cancellation)
    {
        try
        {
            // Before that, a mirror that is there might be taken for missing.
            await _parts.Synced.WaitAsync(cancellation);
            await _mirrorers.RunAsync(1, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task MirrorAsync(string key, CancellationToken cancellation)
    {
        var pod = _pods.GetValueOrDefault(key);
        if (_mirrors.TryGetValue(key, out var mirror))
        {
            if (pod is null || !Shows(mirror, pod.Pod))
            {
                await _parts.Api.DeleteAsync(mirror, cancellation);
            }
        }
        else if (pod is not null)
        {
            await CreateMirrorAsync(key, pod, cancellation);
        }
    }

    /// <summary>A mirror belongs to its node, and goes with it; so it waits for the node to be there.</summary>
    private async Task CreateMirrorAsync(string key, StaticPod pod, CancellationToken cancellation)
    {
        var uid = _parts.NodeUid();
        if (uid.Length == 0)
        {
            _mirrorers.AddAfter(key, _registration);
            return;
        }

        var mirror = (JsonObject)pod.Mirror.DeepClone();
        mirror["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["name"] = _parts.NodeName,
            ["uid"] = uid,
            ["controller"] = true,
        });
        await _parts.Api.CreateMirrorAsync(pod.Pod.Metadata.Namespace, mirror, cancellation);
    }

    private static bool Shows(PodManifest mirror, PodManifest pod) =>
        mirror.Metadata.Annotations.GetValueOrDefault(StaticPods.MirrorAnnotation) == pod.Uid && !mirror.Metadata.IsBeingDeleted;
}
