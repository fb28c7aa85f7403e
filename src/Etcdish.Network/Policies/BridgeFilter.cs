using System.ComponentModel;
using System.Diagnostics;

namespace Etcdish.Network.Policies;

/// <summary>
/// Packets between two pods of a node stay on its bridge; the filter of packets that are routed sees them only if the kernel is told so.
/// The proxy needs that as well, for the answers of services.
/// </summary>
internal static class BridgeFilter
{
    private const string Folder = "/proc/sys/net/bridge";

    /// <summary>Tells the kernel so.</summary>
    /// <exception cref="IOException">It cannot do that.</exception>
    public static void Enable()
    {
        if (!Directory.Exists(Folder))
        {
            LoadModule();
        }

        try
        {
            File.WriteAllText($"{Folder}/bridge-nf-call-iptables", "1");
            File.WriteAllText($"{Folder}/bridge-nf-call-ip6tables", "1");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the kernel does not filter what goes over bridges (modprobe br_netfilter): {e.Message}", e);
        }
    }

    private static void LoadModule()
    {
        try
        {
            using var process = Process.Start("modprobe", "br_netfilter");
            process.WaitForExit();
        }
        catch (Win32Exception e)
        {
            throw new IOException($"modprobe did not start: {e.Message}", e);
        }
    }
}
