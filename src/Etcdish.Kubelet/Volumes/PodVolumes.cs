using System.Collections.Concurrent;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// The volumes of this node's pods. Each pod's are worked on by one at a time. When an object changes that a pod shows, or a token has had
/// most of its life, the pod's uid goes to a queue, from which <see cref="RunAsync"/> shows it anew.
/// </summary>
internal sealed class PodVolumes : IPodVolumes, IDisposable
{
    private const string FailedMount = "FailedMount";
    private const int Workers = 4;
    private static readonly TimeSpan _firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestRetry = TimeSpan.FromMinutes(2);

    private readonly PodFolders _folders;
    private readonly ObjectSource _objects;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly PodTokens _tokens;
    private readonly EmptyDirs _emptyDirs;
    private readonly PayloadVolumes _payloads;
    private readonly ClaimVolumes _claims;
    private readonly WorkQueue<string> _touched;
    private readonly ConcurrentDictionary<string, VolumeRecord> _pods = [];

    /// <summary>Makes it; what lies in the folders is found when it is asked for.</summary>
    /// <param name="folders">Where pods' folders are. Theirs is made.</param>
    /// <param name="objects">The objects that pods name.</param>
    /// <param name="client">The API, for tokens.</param>
    /// <param name="clock">The clock of all.</param>
    /// <param name="warn">Is told, a line each, what an operator should know of.</param>
    /// <param name="allocatable">What the node's pods may use, by resource; empty while it is not known.</param>
    public PodVolumes(
        PodFolders folders,
        ObjectSource objects,
        KubernetesClient client,
        TimeProvider clock,
        Action<string> warn,
        Func<IReadOnlyDictionary<string, Quantity>> allocatable)
    {
        Directory.CreateDirectory(folders.Root);
        _folders = folders with { Root = RealPath(folders.Root) };
        _objects = objects;
        _clock = clock;
        _warn = warn;
        _tokens = new PodTokens(client, clock, warn);
        _emptyDirs = new EmptyDirs(_folders, allocatable, warn);
        _payloads = new PayloadVolumes(_folders, new PayloadSource(objects, _tokens, allocatable), _emptyDirs, clock);
        _claims = new ClaimVolumes(_folders, objects, clock);
        _touched = new WorkQueue<string>(clock, _firstRetry, _longestRetry);
        Directory.CreateDirectory(PodsFolder);
        objects.PodTouched += _touched.Add;
    }

    private string PodsFolder => Path.Combine(_folders.Root, "pods");

    /// <summary>Keeps volumes up to date until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(cancellation)));

    /// <summary>
    /// Tells what the API now has of a pod, or that it has it no more: what its volumes show of the pod itself is shown anew. For the thread
    /// that reads the watch of pods.
    /// </summary>
    /// <param name="before">The pod before; null: it is new.</param>
    /// <param name="now">The pod; null: it is gone.</param>
    public void Follow(PodManifest? before, PodManifest? now)
    {
        if (before is not null && now is not null && VolumeRecord.ShowsOther(before, now) && _pods.TryGetValue(now.Uid, out var record))
        {
            record.Followed = now;
            _touched.Add(now.Uid);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, VolumePlace>> EnsureAsync(PodManifest pod, CancellationToken cancellation)
    {
        CheckNames(pod);
        using var held = await HoldAsync(pod.Uid, cancellation);
        var record = held.Record;
        record.Take(pod);
        _objects.Register(pod);
        PodFolder.Make(_folders.Pod(pod.Uid));
        var uses = VolumeUses.Of(pod);
        Dictionary<string, VolumePlace> places = [];
        VolumeException? failure = null;
        foreach (var volume in pod.Spec.Volumes.Where(volume => uses.ContainsKey(volume.Name)))
        {
            try
            {
                places[volume.Name] = await MakeAsync(record, volume, cancellation);
            }
            catch (VolumeException e)
            {
                // The others are made meanwhile.
                failure ??= e;
            }
        }

        return failure is null ? places : throw failure;
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string uid, CancellationToken cancellation)
    {
        if (!PodFolder.IsName(uid))
        {
            throw new ArgumentException($"\"{uid}\" is no uid", nameof(uid));
        }

        using var held = await HoldAsync(uid, cancellation);
        _objects.Unregister(uid);
        _tokens.Forget(uid);
        held.Record.Pod = null;
        try
        {
            await Task.Run(() => PodFolder.Remove(PodsFolder, uid), cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VolumeException("FailedUnMount", $"UnmountVolume.TearDown failed for volumes of pod \"{uid}\": {e.Message}", e);
        }

        held.Record.IsGone = true;
        _pods.TryRemove(uid, out _);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListPods() => [.. Directory.EnumerateDirectories(PodsFolder).Select(path => Path.GetFileName(path))];

    /// <inheritdoc/>
    public IReadOnlyList<VolumeUsage> Measure(PodManifest pod)
    {
        List<VolumeUsage> usages = [];
        foreach (var volume in pod.Spec.Volumes)
        {
            var path = volume.EmptyDir is not null ? _folders.Volume(pod.Uid, "empty-dir", volume.Name)
                : PayloadVolumes.IsOne(volume) ? _payloads.PathOf(pod.Uid, volume)
                : null;
            if (path is null || !Directory.Exists(path))
            {
                continue;
            }

            using var folder = Folder.Open(path);
            var (bytes, inodes) = FolderTree.Measure(folder);
            var isMemory = volume.EmptyDir?.Medium == "Memory" || volume is { EmptyDir: null, ConfigMap: null };
            usages.Add(new VolumeUsage(volume.Name, path, bytes, inodes, volume.EmptyDir?.SizeLimit?.Value, isMemory));
        }

        return usages;
    }

    public void Dispose()
    {
        _objects.PodTouched -= _touched.Add;
        _touched.Dispose();
    }

    private static string RealPath(string path)
    {
        using var root = Folder.Open(Path.GetFullPath(new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path));
        return new FileInfo($"/proc/self/fd/{root.Handle.DangerousGetHandle()}").LinkTarget ?? path;
    }

    /// <summary>Names become names of folders: those of static pods were checked by nobody.</summary>
    private static void CheckNames(PodManifest pod)
    {
        var bad = pod.Spec.Volumes.Select(volume => volume.Name).Prepend(pod.Uid).FirstOrDefault(name => !PodFolder.IsName(name));
        if (bad is not null)
        {
            throw new VolumeException(FailedMount, $"\"{bad}\" cannot be the name of a folder");
        }
    }

    private async Task<HeldRecord> HoldAsync(string uid, CancellationToken cancellation)
    {
        while (true)
        {
            var record = _pods.GetOrAdd(uid, _ => new VolumeRecord());
            await record.Gate.WaitAsync(cancellation);
            if (!record.IsGone)
            {
                return new HeldRecord(record);
            }

            record.Gate.Release();
        }
    }

    private async Task<VolumePlace> MakeAsync(VolumeRecord record, VolumeManifest volume, CancellationToken cancellation)
    {
        var pod = record.Pod!;
        if (volume.PersistentVolumeClaim is not null || volume.Ephemeral is not null)
        {
            return record.Claims.TryGetValue(volume.Name, out var known)
                ? known
                : record.Claims[volume.Name] = await _claims.EnsureAsync(pod, volume, cancellation);
        }

        try
        {
            return PayloadVolumes.IsOne(volume) ? await ShowAsync(pod, volume, cancellation)
                : volume.EmptyDir is { } empty ? new VolumePlace(_emptyDirs.Ensure(pod, volume.Name, empty), false)
                : volume.HostPath is { } host ? EnsureHostPath(host)
                : volume.Nfs is { } nfs ? await EnsureNfsAsync(pod, volume.Name, nfs, cancellation)
                : throw new VolumeException(FailedMount, WhyNot(volume));
        }
        catch (Exception e) when (e is VolumeException or IOException or UnauthorizedAccessException or FormatException)
        {
            var reason = (e as VolumeException)?.Reason ?? FailedMount;
            throw new VolumeException(reason, $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {e.Message}", e);
        }
    }

    private async Task<VolumePlace> ShowAsync(PodManifest pod, VolumeManifest volume, CancellationToken cancellation)
    {
        try
        {
            if (await _payloads.ShowAsync(pod, volume, cancellation) is { } due)
            {
                _touched.AddAfter(pod.Uid, due - _clock.GetUtcNow());
            }
        }
        catch (Exception e) when (e is VolumeException or IOException && _payloads.IsThere(pod, volume))
        {
            // A pod that has its volume goes on with what that shows.
            _warn($"pod {pod}: volume {volume.Name} shows what it did: {e.Message}");
            _touched.AddRateLimited(pod.Uid);
        }

        return new VolumePlace(_payloads.PathOf(pod.Uid, volume), true);
    }

    private static VolumePlace EnsureHostPath(HostPathManifest host)
    {
        HostPaths.Ensure(host);
        return new VolumePlace(host.Path, false);
    }

    private async Task<VolumePlace> EnsureNfsAsync(PodManifest pod, string name, NfsManifest nfs, CancellationToken cancellation)
    {
        var path = _folders.Volume(pod.Uid, "nfs", name);
        await NfsMounts.EnsureAsync(nfs, [], path, _clock, cancellation);
        return new VolumePlace(path, nfs.ReadOnly);
    }

    private static string WhyNot(VolumeManifest volume) =>
        volume.Csi is { } csi ? $"driver name {csi["driver"]} not found in the list of registered CSI drivers: this node has none"
        : volume.Image is not null ? "image volumes are not supported by this node"
        : "no volume plugin matched: this node does not know this kind of volume";

    private async Task WorkAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var uid = await _touched.TakeAsync(cancellation);
                await TryRefreshAsync(uid, cancellation);
                _touched.Done(uid);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task TryRefreshAsync(string uid, CancellationToken cancellation)
    {
        try
        {
            await RefreshAsync(uid, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // A defect costs this pod only, and is told.
        catch (Exception e)
        {
            _warn($"pod {uid}: its volumes are not up to date, a defect: {e}");
            _touched.AddRateLimited(uid);
        }
#pragma warning restore CA1031
    }

    /// <summary>Shows anew what a pod shows.</summary>
    private async Task RefreshAsync(string uid, CancellationToken cancellation)
    {
        if (!_pods.TryGetValue(uid, out var record))
        {
            return;
        }

        await record.Gate.WaitAsync(cancellation);
        using var held = new HeldRecord(record);
        if (record.Pod is null || record.IsGone)
        {
            return;
        }

        var pod = record.Take(record.Followed ?? record.Pod);
        var uses = VolumeUses.Of(pod);
        var failures = _touched.Failures(uid);
        foreach (var volume in pod.Spec.Volumes.Where(volume => PayloadVolumes.IsOne(volume) && uses.ContainsKey(volume.Name)))
        {
            try
            {
                await ShowAsync(pod, volume, cancellation);
            }
            catch (Exception e) when (e is VolumeException or IOException or UnauthorizedAccessException)
            {
                // It never showed anything: whoever starts the pod tries again and tells why.
                _warn($"pod {pod}: volume {volume.Name}: {e.Message}");
            }
        }

        if (_touched.Failures(uid) == failures)
        {
            _touched.Forget(uid);
        }
    }

    private readonly struct HeldRecord(VolumeRecord record) : IDisposable
    {
        public VolumeRecord Record => record;

        public void Dispose() => record.Gate.Release();
    }
}
