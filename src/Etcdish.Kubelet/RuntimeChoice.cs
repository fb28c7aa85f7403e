using System.Net.Sockets;
using Etcdish.Kubelet.Cri;
using Etcdish.Kubelet.Processes;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet;

/// <summary>Finds what runs containers: a container runtime whose socket answers, or else this process itself.</summary>
internal static class RuntimeChoice
{
    private const string UnixPrefix = "unix://";
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);

    /// <summary>Opens it. One that is asked for by name is waited for.</summary>
    /// <exception cref="IOException">The folder of the process runtime cannot be used.</exception>
    public static async Task<IContainerRuntime> OpenAsync(
        KubeletOptions options, IReadOnlyList<string> addresses, TimeProvider clock, Action<string> warn, CancellationToken cancellation)
    {
        if (options.Runtime == "process" || (options.Runtime == "auto" && !await AnswersAsync(options.RuntimeEndpoint, cancellation)))
        {
            var own = new ProcessRuntimeOptions
            {
                Folder = Path.Combine(options.Folder, "processes"),
                Addresses = addresses,
                Networks = PodNetworks.TryOpen(options.NetworkConfigFolder, options.NetworkPluginFolder, warn),
            };
            return ProcessRuntime.Open(own, clock, warn);
        }

        while (true)
        {
            try
            {
                return await CriRuntime.ConnectAsync(options.RuntimeEndpoint, clock, warn, cancellation);
            }
            catch (RuntimeException e)
            {
                warn($"{options.RuntimeEndpoint}: {e.Message}; another try in {_pause.TotalSeconds} s");
                await Task.Delay(_pause, clock, cancellation);
            }
        }
    }

    /// <summary>Whether somebody listens at a socket: a file that was left behind is nobody.</summary>
    private static async Task<bool> AnswersAsync(string endpoint, CancellationToken cancellation)
    {
        var path = endpoint.StartsWith(UnixPrefix, StringComparison.Ordinal) ? endpoint[UnixPrefix.Length..] : endpoint;
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
