using System.Runtime.InteropServices;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Cgroups;

/// <summary>
/// Pods' groups, named as Kubernetes does with the driver cgroupfs: <c>/kubepods/pod…</c> for guaranteed pods, <c>/kubepods/burstable/pod…</c>
/// and <c>/kubepods/besteffort/pod…</c>. Under pressure of processors pods of the last class together get next to nothing, and burstable
/// ones what they ask for together.
/// </summary>
/// <param name="tree">The machine's groups.</param>
/// <param name="clock">The clock of pauses.</param>
/// <param name="top">The group above all pods.</param>
internal sealed partial class PodCgroups(CgroupTree tree, TimeProvider clock, string top = "/kubepods") : IPodCgroups
{
    private const string Prefix = "pod";
    private const int Kill = 9;
    private const int MostTries = 100;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _burstable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Group, GroupSettings Settings)> _made = new(StringComparer.Ordinal);
    private bool _hasTop;

    private string Burstable => top + "/burstable";

    private string BestEffort => top + "/besteffort";

    /// <summary>The groups of the machine; none where they cannot be made, which is told.</summary>
    public static IPodCgroups Open(TimeProvider clock, Action<string> warn, string root = "/sys/fs/cgroup")
    {
        if (CgroupTree.Open(root, out var problem) is { } tree)
        {
            return new PodCgroups(tree, clock);
        }

        if (Environment.IsPrivilegedProcess)
        {
            // Others have heard of it from who runs their pods.
            warn($"pods have no control groups of their own, only containers may: {problem}");
        }

        return new NoCgroups();
    }

    /// <inheritdoc/>
    public string Ensure(PodManifest pod)
    {
        lock (_lock)
        {
            EnsureTop();
            var (group, settings) = (GroupOf(pod), GroupSettings.Of(pod));
            if (_made.TryGetValue(pod.Uid, out var made) && made == (group, settings))
            {
                return group;
            }

            tree.Make(group);
            tree.Apply(group, settings);
            _made[pod.Uid] = (group, settings);
            Weigh(pod, settings);
            return group;
        }
    }

    /// <inheritdoc/>
    public void Update(PodManifest pod) => Ensure(pod);

    /// <inheritdoc/>
    public async Task RemoveAsync(string uid, CancellationToken cancellation)
    {
        string[] groups = [.. ((string[])[top, Burstable, BestEffort]).Select(parent => $"{parent}/{Prefix}{uid}")];
        for (var tries = 0; !Array.TrueForAll(groups, tree.TryRemove); tries++)
        {
            if (tries == MostTries)
            {
                throw new IOException($"the control group of pod {uid} does not go");
            }

            foreach (var process in groups.SelectMany(tree.Processes))
            {
                // One that has ended meanwhile is no failure.
                _ = SendSignal(process, Kill);
            }

            await Task.Delay(_pause, clock, cancellation);
        }

        lock (_lock)
        {
            _made.Remove(uid);
            if (_burstable.Remove(uid) && _hasTop)
            {
                WeighBurstable();
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListPods() => [.. ((string[])[top, Burstable, BestEffort])
        .SelectMany(tree.Children)
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(name => name[Prefix.Length..])];

    /// <summary>What a pod uses; null: it has no group.</summary>
    public CgroupUsage? Read(PodManifest pod) => tree.Read(GroupOf(pod));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    private string GroupOf(PodManifest pod) => PodResources.QosClass(pod) switch
    {
        "Guaranteed" => top,
        "Burstable" => Burstable,
        _ => BestEffort,
    }
    + "/" + Prefix + pod.Uid;

    private void EnsureTop()
    {
        if (_hasTop)
        {
            return;
        }

        tree.Make(top);
        tree.Apply(top, GroupSettings.Least with { CpuShares = GroupSettings.Shares(1000L * Environment.ProcessorCount) });
        tree.Make(Burstable);
        tree.Make(BestEffort);
        tree.Apply(BestEffort, GroupSettings.Least);
        _hasTop = true;
        WeighBurstable();
    }

    private void Weigh(PodManifest pod, GroupSettings settings)
    {
        if (PodResources.QosClass(pod) == "Burstable")
        {
            _burstable[pod.Uid] = settings.CpuShares;
            WeighBurstable();
        }
    }

    private void WeighBurstable()
    {
        var least = GroupSettings.Least;
        var shares = Math.Clamp(_burstable.Values.Sum(), least.CpuShares, GroupSettings.MostShares);
        tree.Apply(Burstable, least with { CpuShares = shares });
    }
}
