using System.Net.Sockets;
using Etcdish.Kubelet.Cri;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet;

/// <summary>Finds what runs containers: a container runtime whose socket answers.</summary>
internal static class RuntimeChoice
{
    private const string UnixPrefix = "unix://";
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);

    /// <summary>Opens it. One that is asked for by name is waited for.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static async Task<IContainerRuntime> OpenAsync(
        KubeletOptions options, TimeProvider clock, Action<string> warn, CancellationToken cancellation)
    {
        if (options.Runtime == "process" || (options.Runtime == "auto" && !await AnswersAsync(options.RuntimeEndpoint, cancellation)))
        {
            throw new IOException($"no container runtime answers at {options.RuntimeEndpoint}");
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
