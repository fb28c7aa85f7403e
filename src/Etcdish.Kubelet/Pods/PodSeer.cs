using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes.Objects;
using ContainerState = Etcdish.Kubelet.Runtime.ContainerState;

namespace Etcdish.Kubelet.Pods;

/// <summary>Sees what there is of a pod: the runtime's list, more of what has changed, and what is remembered.</summary>
internal sealed class PodSeer(PodWorkersParts parts, RuntimeObserver observer)
{
    /// <summary>All of a pod, at one moment.</summary>
    public async Task<PodView> SeeAsync(PodRecord record, CancellationToken cancellation)
    {
        // First what is being done, then what there is: what is no longer being done has been seen by then.
        Dictionary<string, PodAction> running;
        lock (record.Lock)
        {
            running = record.Running.ToDictionary(entry => entry.Key, entry => entry.Value.Action);
        }

        var sight = observer.Find(record.Uid);
        var sandboxes = await CompleteAsync(record, sight.Sandboxes, cancellation);
        var containers = await CompleteAsync(record, sight.Containers, cancellation);
        lock (record.Lock)
        {
            return new PodView
            {
                Pod = record.Pod,
                Now = parts.Clock.GetUtcNow(),
                Sandboxes = sandboxes,
                Containers = containers,
                LastStatus = record.Status ?? record.Pod.Status,
                Ending = record.Ending,
                IsPrepared = record.Volumes is not null,
                IsReleased = record.IsReleased,
                IsFinalKnown = record.IsStatusFinal && record.WrittenVersion == record.StatusVersion,
                IsDeleted = record.IsDeleted,
                Running = running,
                StoppedSandboxes = new HashSet<string>(record.StoppedSandboxes),
                Retries = record.Retries(),
                Waits = new Dictionary<string, ContainerWait>(record.Waits),
                BackOffs = new Dictionary<string, CrashBackOff>(record.BackOffs),
                Given = Given(record, containers),
                Probe = parts.Probes.Results,
            };
        }
    }

    /// <summary>What each container that runs was given: as was noted, or else made known, or else as its pod says.</summary>
    private static Dictionary<string, GivenResources> Given(PodRecord record, IReadOnlyList<ContainerState> containers)
    {
        foreach (var state in containers)
        {
            if (state.Phase == ContainerPhase.Running && !record.Given.ContainsKey(state.Id)
                && record.Pod.FindContainer(state.Name) is { } manifest)
            {
                var known = ContainerHistory.FindKnown(record.Status ?? record.Pod.Status, state.Name);
                var isSame = ((string?)known?["containerID"])?.EndsWith(state.Id, StringComparison.Ordinal) == true;
                record.Given[state.Id] = (isSame ? GivenResources.Read(known) : null) ?? GivenResources.Of(manifest);
            }
        }

        return new Dictionary<string, GivenResources>(record.Given);
    }

    /// <summary>Probes what runs, and nothing else. Under the record's lock.</summary>
    public void Probe(PodRecord record, PodView view, string address)
    {
        var gone = new HashSet<string>(record.Probed);
        foreach (var history in ContainerHistory.All(view))
        {
            if (!history.IsRunning || view.Running.ContainsKey(StartContainer.KeyOf(history.Manifest.Name)))
            {
                continue;
            }

            var state = history.Latest!;
            gone.Remove(state.Id);
            record.Waits.Remove(state.Name);
            if (view.Ending is null && record.Probed.Add(state.Id))
            {
                var wasReady = ((string?)history.Known?["containerID"])?.EndsWith(state.Id, StringComparison.Ordinal) == true
                    && (bool?)history.Known?["ready"] == true;
                parts.Probes.Start(
                    view.Pod, history.Manifest, state.Id, address, state.StartedAt ?? state.CreatedAt, wasReady);
            }
        }

        foreach (var id in gone)
        {
            record.Probed.Remove(id);
            parts.Probes.Stop(id);
        }
    }

    /// <summary>A pod of which only the runtime, or a folder, knows.</summary>
    public PodManifest Guess(string uid)
    {
        var sight = observer.Find(uid);
        var identity = sight.Sandboxes.Select(s => s.Pod).Concat(sight.Containers.Select(c => c.Pod)).FirstOrDefault();
        var grace = sight.Containers
            .Select(container => container.Annotations.GetValueOrDefault(ContainerLabels.GraceAnnotation))
            .FirstOrDefault(text => text is not null);
        return new PodManifest
        {
            Metadata = new ObjectMetadata { Namespace = identity.Namespace ?? "", Name = identity.Name ?? "", Uid = uid },
            Spec = new PodManifestSpec { TerminationGracePeriodSeconds = long.TryParse(grace, out var seconds) ? seconds : null },
        };
    }

    private static T? Known<T>(PodRecord record, Dictionary<string, T> details, string id)
        where T : class
    {
        lock (record.Lock)
        {
            return details.GetValueOrDefault(id);
        }
    }

    private async Task<IReadOnlyList<SandboxState>> CompleteAsync(
        PodRecord record, IReadOnlyList<SandboxState> listed, CancellationToken cancellation)
    {
        var all = new List<SandboxState>(listed.Count);
        foreach (var sandbox in listed)
        {
            if (!sandbox.IsReady)
            {
                all.Add(sandbox);
            }
            else if (Known(record, record.SandboxDetails, sandbox.Id) is { } known)
            {
                all.Add(known);
            }
            else if (await parts.Runtime.GetSandboxAsync(sandbox.Id, cancellation) is { } detail)
            {
                all.Add(detail);
                lock (record.Lock)
                {
                    record.SandboxDetails[sandbox.Id] = detail;
                }
            }
        }

        return all;
    }

    private async Task<IReadOnlyList<ContainerState>> CompleteAsync(
        PodRecord record, IReadOnlyList<ContainerState> listed, CancellationToken cancellation)
    {
        var all = new List<ContainerState>(listed.Count);
        foreach (var container in listed)
        {
            // Who has ended has ended, whatever an older list says.
            if (Known(record, record.ContainerDetails, container.Id) is { } known
                && (known.Phase == container.Phase || known.Phase == ContainerPhase.Exited))
            {
                all.Add(known);
            }
            else if (await parts.Runtime.GetContainerAsync(container.Id, cancellation) is { } detail)
            {
                detail = TerminationMessage.Complete(parts.Folders, record.Pod, detail);
                all.Add(detail);
                lock (record.Lock)
                {
                    record.ContainerDetails[container.Id] = detail;
                }
            }
        }

        return all;
    }
}
