using System.Net;
using Etcdish.Network.Nftables;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>Which flows lead where their service no longer does.</summary>
public sealed class UdpFlowsTests
{
    [TestCase("10.96.0.7:80", "10.0.0.1:8080", ExpectedResult = false, TestName = "An endpoint")]
    [TestCase("10.96.0.7:80", "10.0.0.9:8080", ExpectedResult = true, TestName = "An endpoint of yesterday")]
    [TestCase("10.96.0.7:80", "10.96.0.7:80", ExpectedResult = true, TestName = "A flow from before there was the service")]
    [TestCase("10.96.0.7:81", "10.0.0.9:8080", ExpectedResult = false, TestName = "Another port")]
    [TestCase("192.0.2.1:30080", "10.0.0.9:8080", ExpectedResult = true, TestName = "The port of a node")]
    [TestCase("192.0.2.9:30080", "10.0.0.9:8080", ExpectedResult = false, TestName = "That port of somebody else")]
    public bool With_endpoints(string destination, string answers) => IsStale("10.0.0.1", destination, answers);

    [TestCase("10.96.0.7:80", "10.0.0.1:8080", ExpectedResult = true, TestName = "Where it led to")]
    [TestCase("10.96.0.7:80", "10.96.0.7:80", ExpectedResult = false, TestName = "A flow that it never led")]
    public bool Without_endpoints(string destination, string answers) => IsStale("", destination, answers);

    private static bool IsStale(string endpoints, string destination, string answers)
    {
        var now = SampleRoutes.Web(endpoints, protocol: "UDP") with { NodePort = 30080 };
        var fronts = UdpFlows.FrontsOf([SampleRoutes.Web("10.0.0.9", protocol: "UDP").To(now)], [IPAddress.Parse("192.0.2.1")]);
        return UdpFlows.IsStale(new ConntrackEntry(17, IPEndPoint.Parse(destination), IPEndPoint.Parse(answers), default), fronts);
    }
}
