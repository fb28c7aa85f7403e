using Etcdish.Network.Nftables;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>The kernel's switches, in a folder that stands for them.</summary>
public sealed class KernelSettingsTests
{
    private static readonly string[] _switches =
    [
        "ipv4/ip_forward", "ipv6/conf/all/forwarding", "bridge/bridge-nf-call-iptables", "bridge/bridge-nf-call-ip6tables",
    ];

    [TestCase(true, ExpectedResult = "1 1 1 1")]
    [TestCase(false, ExpectedResult = "1 0 1 1")]
    public string What_is_off_is_turned_on(bool withV6)
    {
        using var folder = new TemporaryFolder();
        foreach (var name in _switches)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File(name))!);
            File.WriteAllText(folder.File(name), "0\n");
        }

        KernelSettings.Apply(folder.File(""), withV6, Assert.Fail);
        return string.Join(' ', _switches.Select(name => File.ReadAllText(folder.File(name)).Trim()));
    }

    [Test]
    public void A_kernel_whose_bridges_pass_no_filter_is_told_of()
    {
        using var folder = new TemporaryFolder();
        List<string> warnings = [];
        KernelSettings.Apply(folder.File(""), withV6: false, warnings.Add);
        Assert.That(warnings.Single(), Does.Contain("br_netfilter"));
    }
}
