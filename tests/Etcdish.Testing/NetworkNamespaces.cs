using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Testing;

/// <summary>
/// Opens things in a network namespace: a socket belongs to the namespace of the thread that made it, for as long as it lives, whoever
/// uses it later.
/// </summary>
public static class NetworkNamespaces
{
    private const int NewNetwork = 0x40000000;

    /// <summary>Runs something on a thread of its own in a namespace that ip-netns(8) made; the thread ends with it.</summary>
    public static T In<T>(string name, Func<T> open)
    {
        T? opened = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/run/netns/{name}");
                if (SetNamespace(handle, NewNetwork) != 0)
                {
                    throw new IOException($"setns {name}: errno {Marshal.GetLastPInvokeError()}");
                }

                opened = open();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? opened! : throw new InvalidOperationException($"in namespace {name}: {failure.Message}", failure);
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(SafeFileHandle handle, int kind);
}
