using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes.Networks;

/// <summary>Networks of their own for pods that are processes: namespaces that CNI plugins wire, as those of containers.</summary>
/// <param name="configurations">The folder of configurations, of which the first counts.</param>
/// <param name="plugins">The folder of plugins.</param>
internal sealed class PodNetworks(string configurations, string plugins)
{
    private const string Link = "eth0";
    private static readonly string[] _needed = ["bridge", "host-local", "loopback"];

    /// <summary>Why pods cannot have a network now, in Kubernetes' words; empty: they can.</summary>
    public string NotReady
    {
        get
        {
            try
            {
                CniConfiguration.Find(configurations);
                return "";
            }
            catch (RuntimeException e)
            {
                return $"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:{e.Message}";
            }
        }
    }

    /// <summary>Finds out whether pods can have networks of their own; null: they cannot.</summary>
    /// <param name="configurations">The folder of configurations; empty: pods are to have the node's network.</param>
    /// <param name="plugins">The folder of plugins.</param>
    /// <param name="warn">Is told what is missing.</param>
    public static PodNetworks? TryOpen(string configurations, string plugins, Action<string> warn)
    {
        if (configurations.Length == 0 || !Environment.IsPrivilegedProcess)
        {
            return null;
        }

        string[] missing = [.. _needed.Where(plugin => !File.Exists(Path.Combine(plugins, plugin)))];
        if (missing.Length > 0)
        {
            warn($"pods have the node's address, for {plugins} lacks {string.Join(", ", missing)} (apt-get install containernetworking-plugins)");
            return null;
        }

        return new PodNetworks(configurations, plugins);
    }

    /// <summary>What a pod's network will be; nothing is made yet.</summary>
    /// <param name="id">The sandbox.</param>
    /// <param name="settings">What it is to be.</param>
    /// <param name="path">The file that will keep its namespace.</param>
    /// <exception cref="RuntimeException">There is no configuration.</exception>
    public PodAttachment Plan(string id, SandboxSettings settings, string path) => new()
    {
        ContainerId = id,
        Pod = settings.Pod,
        Namespace = path,
        Configuration = CniConfiguration.Find(configurations).Text,
        PluginFolder = plugins,
        Ports = settings.Ports,
    };

    /// <summary>Makes a network as planned. If that fails, it is to be released.</summary>
    /// <returns>With its addresses.</returns>
    /// <exception cref="RuntimeException">A plugin failed, or the kernel has no such namespaces.</exception>
    public static async Task<PodAttachment> MakeAsync(PodAttachment pod, TimeProvider clock, CancellationToken cancellation)
    {
        try
        {
            await NetworkNamespace.CreateAsync(pod.Namespace);
            await new CniChain(CniConfiguration.Loopback, pod with { Ports = [] }, "lo", clock).AddAsync(cancellation);
            var result = await ChainOf(pod, clock).AddAsync(cancellation);
            var addresses = CniChain.Addresses(result);
            return addresses.Count > 0
                ? pod with { Result = result, Addresses = addresses }
                : throw new RuntimeException("its plugins gave no address");
        }
        catch (Exception e) when (e is RuntimeException or IOException or UnauthorizedAccessException)
        {
            throw new RuntimeException($"failed to setup network for sandbox \"{pod.ContainerId}\": {e.Message}", inner: e);
        }
    }

    /// <summary>Gives a network back, whatever there is of it. The loopback goes with the namespace.</summary>
    /// <exception cref="RuntimeException">A plugin failed; this is to be tried again.</exception>
    public static async Task<PodAttachment> ReleaseAsync(PodAttachment pod, TimeProvider clock, CancellationToken cancellation)
    {
        try
        {
            await ChainOf(pod, clock).DeleteAsync(cancellation);
            NetworkNamespace.Remove(pod.Namespace);
            return pod with { IsReleased = true };
        }
        catch (Exception e) when (e is RuntimeException or IOException or UnauthorizedAccessException)
        {
            throw new RuntimeException($"failed to destroy network for sandbox \"{pod.ContainerId}\": {e.Message}", inner: e);
        }
    }

    /// <summary>Asks the plugins whether a network is as they made it, if they can tell.</summary>
    /// <exception cref="RuntimeException">It is not.</exception>
    public static Task CheckAsync(PodAttachment pod, TimeProvider clock, CancellationToken cancellation) =>
        CniConfiguration.Parse(pod.Configuration).CanCheck ? ChainOf(pod, clock).CheckAsync(cancellation) : Task.CompletedTask;

    private static CniChain ChainOf(PodAttachment pod, TimeProvider clock) => new(CniConfiguration.Parse(pod.Configuration), pod, Link, clock);
}
