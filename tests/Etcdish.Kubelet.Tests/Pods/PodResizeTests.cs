using System.Text.Json.Nodes;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Tests.Pods;

/// <summary>Pods whose resources change while they run.</summary>
public sealed class PodResizeTests
{
    private const string Spec =
        """
        {'containers':[{'name':'web','image':'web','resources':{'requests':{'cpu':'1','memory':'100'},'limits':{'memory':'200'}},
          'resizePolicy':[{'resourceName':'memory','restartPolicy':'%'}]}]}
        """;

    [TestCase("NotRequired", 0)]
    [TestCase("RestartContainer", 1)]
    public async Task A_change_reaches_the_container_at_once_or_by_a_restart(string policy, int restarts)
    {
        await using var bench = new PodBench().Start();
        bench.Api.Create("a", Spec.Replace("%", policy));
        await bench.RestAsync();
        Resize(bench, "limits", "memory", "300");
        await bench.PassAsync(1);
        var container = bench.Container("a", "web");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int?)container["restartCount"], Is.EqualTo(restarts));
            Assert.That((string?)container["resources"]!["limits"]!["memory"], Is.EqualTo("300"));
            Assert.That(bench.Runtime.Calls.Contains("update web 0"), Is.EqualTo(restarts == 0));
            Assert.That(PodBench.Condition(bench.Api.Status("a")!, "PodResizeInProgress"), Is.Null);
        }
    }

    [TestCase("3", "Infeasible")]
    [TestCase("2", "Deferred")]
    public async Task What_the_node_has_not_is_said_and_not_given(string cpu, string reason)
    {
        var node = new Node { Status = new NodeStatus { Allocatable = new() { ["cpu"] = Quantity.Parse("2") } } };
        await using var bench = new PodBench(parts => parts with { Node = () => node }).Start();
        bench.Api.Create("b", "{'containers':[{'name':'web','image':'web','resources':{'requests':{'cpu':'500m'}}}]}");
        bench.Api.Create("a", Spec.Replace("%", "NotRequired"));
        await bench.RestAsync();
        Resize(bench, "requests", "cpu", cpu);
        await bench.RestAsync();
        var pending = bench.Api.Status("a")!["conditions"]!.AsArray().First(c => (string?)c!["type"] == "PodResizePending");
        Assert.That((string?)pending!["reason"], Is.EqualTo(reason));
        Resize(bench, "requests", "cpu", "1500m");
        await bench.RestAsync();
        Assert.That(PodBench.Condition(bench.Api.Status("a")!, "PodResizePending"), Is.Null);
        Assert.That((string?)bench.Container("a", "web")["allocatedResources"]!["cpu"], Is.EqualTo("1500m"));
    }

    private static void Resize(PodBench bench, string list, string resource, string value) => bench.Api.Change(
        "a", pod => pod["spec"]!["containers"]![0]!["resources"]![list]![resource] = JsonValue.Create(value));
}
