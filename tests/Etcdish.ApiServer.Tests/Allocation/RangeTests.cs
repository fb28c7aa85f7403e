using System.Net;
using Etcdish.ApiServer.Allocation;

namespace Etcdish.ApiServer.Tests.Allocation;

public class RangeTests
{
    [TestCase("10.96.0.0/16", 65534, "10.96.0.1", "10.96.255.254", 256)]
    [TestCase("10.0.0.0/24", 254, "10.0.0.1", "10.0.0.254", 16)]
    [TestCase("10.0.0.0/28", 14, "10.0.0.1", "10.0.0.14", 7)]
    [TestCase("fd00::/112", 65535, "fd00::1", "fd00::ffff", 256)]
    [TestCase("10.0.0.0/8", 1048575, "10.0.0.1", "10.15.255.255", 256)]
    public void A_range_has_the_addresses_between_its_ends(string text, int count, string first, string last, int band)
    {
        var range = new IpRange(text);

        Assert.That((range.Count, range.StaticBand, range.ToString()), Is.EqualTo((count, band, text)));
        Assert.That(range.At(1).ToString() + " " + range.At(range.Count), Is.EqualTo($"{first} {last}"));
        Assert.That(range.Contains(range.At(1)) && range.Contains(range.At(range.Count)) && !range.Contains(range.At(0)), Is.True);
    }

    [TestCase("10.96.0.0/16", "10.96.255.255")]
    [TestCase("10.96.0.0/16", "10.97.0.1")]
    [TestCase("10.96.0.0/16", "fd00::1")]
    public void What_is_no_host_of_the_range_is_outside(string range, string address) =>
        Assert.That(new IpRange(range).Contains(IPAddress.Parse(address)), Is.False);

    [TestCase("10.96.0.0")]
    [TestCase("10.0.0.0/31")]
    [TestCase("nonsense")]
    public void A_wrong_range_is_refused(string text) => Assert.That(() => new IpRange(text), Throws.ArgumentException);

    [TestCase("30000-32767", 2768, 30086)]
    [TestCase("100-109", 10, 105)]
    public void Ports_have_a_band_for_those_who_ask(string text, int count, int firstDynamic)
    {
        var range = PortRange.Parse(text);

        Assert.That((range.Count, range.FirstDynamic), Is.EqualTo((count, firstDynamic)));
    }

    [TestCase("30000")]
    [TestCase("2-1")]
    [TestCase("0-1")]
    [TestCase("1-65536")]
    public void Wrong_ports_are_refused(string text) => Assert.That(() => PortRange.Parse(text), Throws.ArgumentException);
}
