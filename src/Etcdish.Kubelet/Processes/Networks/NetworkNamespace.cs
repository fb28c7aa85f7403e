using System.Net.Sockets;
using System.Runtime.InteropServices;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Processes.Networks;

/// <summary>
/// Network namespaces, each kept by a file on which it is mounted. A namespace is a thread's; so what is to be in one begins on a thread of
/// its own, and processes and sockets that were made there stay in it.
/// </summary>
internal static class NetworkNamespace
{
    private const int UnmountDetach = 2;

    /// <summary>Makes one.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static Task CreateAsync(string path)
    {
        File.WriteAllBytes(path, []);
        return RunAsync(() =>
        {
            LinuxCalls.Unshare(LinuxCalls.NewNetwork);
            LinuxCalls.Mount("/proc/thread-self/ns/net", path, LinuxCalls.Bind);
            return true;
        });
    }

    /// <summary>Whether a file keeps one: after a restart of the machine it does not.</summary>
    public static bool IsThere(string path) => LinuxCalls.IsNamespace(path);

    /// <summary>Removes one; that there is none is no failure. It goes when nobody is in it any more.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static void Remove(string path)
    {
        while (Libc.Unmount(path, Libc.UnmountNoFollow | UnmountDetach) == 0)
        {
            // Whatever was mounted there, as often as it was.
        }

        if (Marshal.GetLastPInvokeError() is not (Libc.ErrorInvalid or Libc.ErrorAbsent) and var errno)
        {
            throw Libc.Failure($"unmount of {path}", errno);
        }

        File.Delete(path);
    }

    /// <summary>Makes a socket in one.</summary>
    /// <param name="path">The file that keeps it; empty: in that of this process.</param>
    /// <param name="family">Its family.</param>
    /// <exception cref="IOException">There is no such namespace.</exception>
    public static Task<Socket> OpenSocketAsync(string path, AddressFamily family)
    {
        Socket Open() => new(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        return path.Length == 0
            ? Task.FromResult(Open())
            : RunAsync(() =>
            {
                LinuxCalls.EnterNetwork(path);
                return Open();
            });
    }

    private static Task<T> RunAsync<T>(Func<T> body)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                result.SetResult(body());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "network namespace",
        };
        thread.Start();
        return result.Task;
    }
}
