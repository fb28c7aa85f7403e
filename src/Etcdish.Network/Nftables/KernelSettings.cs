namespace Etcdish.Network.Nftables;

/// <summary>Switches of the kernel without which services do not lead to pods.</summary>
internal static class KernelSettings
{
    /// <summary>
    /// Turns them on. A node must pass on what it translates. And when two pods are on one bridge, what one answers to the other would go
    /// straight over the bridge, from an address that the other never asked; so packets on bridges pass the filters as well, where the
    /// kernel can do that.
    /// </summary>
    /// <param name="folder">The folder of switches, <c>/proc/sys/net</c>.</param>
    /// <param name="withV6">Whether IPv6 is to be passed on, too; that makes the node deaf to some routers, so only on demand.</param>
    /// <param name="warn">Is told of what cannot be turned on.</param>
    public static void Apply(string folder, bool withV6, Action<string> warn)
    {
        Set("ipv4/ip_forward");
        if (withV6)
        {
            Set("ipv6/conf/all/forwarding");
        }

        if (!Directory.Exists(Path.Combine(folder, "bridge")))
        {
            warn("bridges do not pass the packet filter (modprobe br_netfilter): "
                + "where pods are on one bridge, services among them may not answer");
            return;
        }

        Set("bridge/bridge-nf-call-iptables");
        Set("bridge/bridge-nf-call-ip6tables");

        void Set(string name)
        {
            var file = Path.Combine(folder, name);
            try
            {
                if (File.Exists(file) && File.ReadAllText(file).Trim() == "0")
                {
                    File.WriteAllText(file, "1");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                warn($"{file} is 0 and cannot be set to 1: {e.Message}");
            }
        }
    }
}
