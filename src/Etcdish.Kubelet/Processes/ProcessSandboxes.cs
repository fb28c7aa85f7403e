using System.Collections.Concurrent;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// Sandboxes: a record each, and a network if pods have their own. What it knows is in its folder, so whoever opens the folder later goes on
/// with it. Safe for use by many threads.
/// </summary>
internal sealed class ProcessSandboxes(RuntimeFolder folder, ProcessRuntimeOptions options, TimeProvider clock, Action<string> warn)
{
    private readonly ConcurrentDictionary<string, StoredSandbox> _all = new(StringComparer.Ordinal);

    /// <summary>All that there are.</summary>
    public IEnumerable<StoredSandbox> All => _all.Values;

    /// <summary>One; null: there is none.</summary>
    public StoredSandbox? Find(string id) => _all.GetValueOrDefault(id);

    /// <summary>One that runs.</summary>
    /// <exception cref="RuntimeException">It does not.</exception>
    public StoredSandbox FindReady(string id) => Find(id) is { } sandbox && IsReady(sandbox)
        ? sandbox
        : throw new RuntimeException($"there is no sandbox {id} that runs", isAbsent: true);

    /// <summary>How it is.</summary>
    public SandboxState Describe(StoredSandbox sandbox) => new()
    {
        Id = sandbox.Id,
        Pod = sandbox.Settings.Pod,
        Attempt = sandbox.Settings.Attempt,
        IsReady = IsReady(sandbox),
        CreatedAt = sandbox.CreatedAt,
        Addresses = sandbox.Network?.Addresses ?? options.Addresses,
        Labels = sandbox.Settings.Labels,
        Annotations = sandbox.Settings.Annotations,
    };

    /// <summary>Makes one.</summary>
    /// <exception cref="RuntimeException">It gets no network.</exception>
    public async Task RunAsync(StoredSandbox sandbox, CancellationToken cancellation)
    {
        var network = sandbox.Settings.HostNetwork
            ? null
            : options.Networks?.Plan(sandbox.Id, sandbox.Settings, folder.NetworkNamespace(sandbox.Id));
        Directory.CreateDirectory(folder.Sandbox(sandbox.Id));
        Save(network is null ? sandbox : sandbox with { Network = await JoinAsync(sandbox, network, cancellation) });
    }

    /// <summary>Says of one that it has stopped.</summary>
    public void MarkStopped(StoredSandbox sandbox) => Save(sandbox with { IsStopped = true });

    /// <summary>Gives back the network of one that has stopped, when nothing runs in it.</summary>
    /// <exception cref="RuntimeException">Not all of it could be given back; this is to be tried again.</exception>
    public async Task ReleaseAsync(string id, CancellationToken cancellation)
    {
        if (Find(id) is { Network: { IsReleased: false } network } sandbox)
        {
            Save(sandbox with { Network = await PodNetworks.ReleaseAsync(network, clock, cancellation) });
        }
    }

    /// <summary>Forgets one that has nothing any more.</summary>
    public void Remove(string id)
    {
        RuntimeFolder.Remove(folder.Sandbox(id), folder.SandboxFile(id));
        _all.TryRemove(id, out _);
    }

    /// <summary>Reads all from the folder.</summary>
    public void Load()
    {
        foreach (var path in Directory.GetDirectories(folder.Sandboxes))
        {
            if (StoredForms.Load(folder.SandboxFile(Path.GetFileName(path)), StoredForms.Default.StoredSandbox) is { } sandbox)
            {
                _all[sandbox.Id] = HasLostNetwork(sandbox) ? sandbox with { IsStopped = true } : sandbox;
            }
            else
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    /// <summary>Asks for each network that an earlier process made whether it is as it was. Nothing is done if not: the pod may do well.</summary>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        foreach (var sandbox in _all.Values.Where(sandbox => sandbox.Network is not null && IsReady(sandbox)).ToList())
        {
            try
            {
                await PodNetworks.CheckAsync(sandbox.Network!, clock, cancellation);
            }
            catch (RuntimeException e) when (Find(sandbox.Id) is { IsStopped: false })
            {
                warn($"the network of {sandbox.Settings.Pod.Namespace}/{sandbox.Settings.Pod.Name} is not as it was made: {e.Message}");
            }
            catch (Exception e) when (e is RuntimeException or OperationCanceledException)
            {
                // It was stopped meanwhile, or all is.
            }
        }
    }

    private static bool IsReady(StoredSandbox sandbox) => !sandbox.IsStopped && sandbox.BootId == BootId.Current;

    /// <summary>Whether its network is gone, or nobody cares for such networks any more: then it must make place for another.</summary>
    private bool HasLostNetwork(StoredSandbox sandbox) => sandbox.Network is { } network
        && (options.Networks is null || !NetworkNamespace.IsThere(network.Namespace));

    /// <summary>
    /// Makes its network. It is written down before, as one that has stopped: if this process ends meanwhile, or what was made cannot be taken
    /// away after a failure, the kubelet finds one that is still to be stopped.
    /// </summary>
    private async Task<PodAttachment> JoinAsync(StoredSandbox sandbox, PodAttachment network, CancellationToken cancellation)
    {
        var planned = sandbox with { IsStopped = true, Network = network };
        Write(planned);
        try
        {
            return await PodNetworks.MakeAsync(network, clock, cancellation);
        }
        catch (Exception e) when (e is RuntimeException or OperationCanceledException)
        {
            _all[sandbox.Id] = planned;
            await TryForgetAsync(sandbox.Id);
            throw;
        }
    }

    private async Task TryForgetAsync(string id)
    {
        try
        {
            await ReleaseAsync(id, CancellationToken.None);
            Remove(id);
        }
        catch (RuntimeException e)
        {
            warn($"{e.Message}; it is tried again when its pod is stopped");
        }
    }

    private void Save(StoredSandbox sandbox)
    {
        Write(sandbox);
        _all[sandbox.Id] = sandbox;
    }

    private void Write(StoredSandbox sandbox) =>
        StoredForms.Save(folder.SandboxFile(sandbox.Id), sandbox, StoredForms.Default.StoredSandbox);
}
