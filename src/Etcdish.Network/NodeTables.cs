using Etcdish.Network.Nftables;
using Etcdish.Network.Policies;
using Etcdish.Network.Routes;

namespace Etcdish.Network;

/// <summary>The tables of the kernel's packet filter that this room's programs leave behind, so that they can be replaced under traffic.</summary>
public static class NodeTables
{
    /// <summary>Removes them all, those of services, policies and masquerading: when the node's pods have ended, nobody needs them.</summary>
    /// <exception cref="IOException">The kernel refused that, or there is no nft.</exception>
    public static Task RemoveAsync(CancellationToken cancellation)
    {
        var script = new NftScript();
        script.DeleteTable(ServiceFrame.TableOf(NftFamily.V4));
        script.DeleteTable(ServiceFrame.TableOf(NftFamily.V6));
        script.DeleteTable($"inet {NetworkPolicyOptions.DefaultTable}");
        return new NftProgram().ApplyAsync($"{script}{Masquerade.Removal()}".AsMemory(), cancellation);
    }
}
