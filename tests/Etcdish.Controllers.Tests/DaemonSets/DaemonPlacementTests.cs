using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Controllers.DaemonSets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.DaemonSets;

/// <summary>Which nodes get a pod of a daemon set, and what the pods look like.</summary>
public sealed class DaemonPlacementTests
{
    private const string Affinity = """{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":""";

    [TestCase("{}", "{}", true, true)]
    [TestCase("""{"nodeSelector":{"disk":"ssd"}}""", "{}", false, false)]
    [TestCase("""{"nodeSelector":{"disk":"ssd"}}""", """{"metadata":{"labels":{"disk":"ssd"}}}""", true, true)]
    [TestCase("""{"nodeName":"a"}""", "{}", true, true)]
    [TestCase("""{"nodeName":"b"}""", "{}", false, false)]
    [TestCase(Affinity + """[{"matchExpressions":[{"key":"disk","operator":"In","values":["ssd"]}]}]}}}}""", "{}", false, false)]
    [TestCase(Affinity + """[{"matchExpressions":[{"key":"disk","operator":"NotIn","values":["ssd"]}]}]}}}}""", "{}", true, true)]
    [TestCase(Affinity + """[{"matchFields":[{"key":"metadata.name","operator":"In","values":["a"]}]}]}}}}""", "{}", true, true)]
    [TestCase(Affinity + """[{"matchFields":[{"key":"metadata.name","operator":"NotIn","values":["a"]}]}]}}}}""", "{}", false, false)]
    [TestCase(Affinity + """[{}]}}}}""", "{}", false, false)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}}""", false, true)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"k","effect":"PreferNoSchedule"}]}}""", true, true)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"k","effect":"NoExecute"}]}}""", false, false)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"k","effect":"NoSchedule"},{"key":"l","effect":"NoExecute"}]}}""", false, false)]
    [TestCase("""{"tolerations":[{"operator":"Exists"}]}""", """{"spec":{"taints":[{"key":"k","effect":"NoExecute"}]}}""", true, true)]
    [TestCase("""{"tolerations":[{"key":"k","value":"v","effect":"NoSchedule"}]}""", """{"spec":{"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]}}""", true, true)]
    // A daemon serves its node in any state.
    [TestCase("{}", """{"spec":{"unschedulable":true,"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]}}""", true, true)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"}]}}""", true, true)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}]}}""", false, true)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"node.kubernetes.io/disk-pressure","effect":"NoSchedule"}]}}""", true, true)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"node.kubernetes.io/network-unavailable","effect":"NoSchedule"}]}}""", false, true)]
    [TestCase("""{"hostNetwork":true}""", """{"spec":{"taints":[{"key":"node.kubernetes.io/network-unavailable","effect":"NoSchedule"}]}}""", true, true)]
    public void Nodes_are_judged(string podSpec, string node, bool shouldRun, bool mayStay)
    {
        var template = new PodTemplate(new JsonObject { ["spec"] = JsonNode.Parse(podSpec) });
        var json = (JsonObject)JsonNode.Parse(node)!;
        var metadata = json["metadata"] as JsonObject ?? [];
        json["metadata"] = metadata;
        metadata["name"] = "a";
        Assert.That(DaemonPlacement.Of(template).Judge(json.Deserialize(Resources.Nodes.Form)!), Is.EqualTo((shouldRun, mayStay)));
    }

    [Test]
    public void A_pod_is_for_its_node_alone()
    {
        var set = DaemonObjects.Set(template:
            """
            {"metadata":{"labels":{"app":"agent"}},
             "spec":{"containers":[],"tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"},{"key":"k","operator":"Exists"}],
              "affinity":{"podAffinity":{},"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[],
               "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"x","operator":"Exists"}]}]}}}}}
            """);
        set.Metadata.Annotations = new() { ["deprecated.daemonset.template.generation"] = "7" };
        var pod = DaemonPods.Make(set, "hash", "n1");
        var expected = JsonNode.Parse(
            """
            {"apiVersion":"v1","kind":"Pod",
             "metadata":{"generateName":"agent-","labels":{"app":"agent","controller-revision-hash":"hash","pod-template-generation":"7"},
              "ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet","name":"agent","uid":"set","controller":true,"blockOwnerDeletion":true}]},
             "spec":{"containers":[],
              "tolerations":[
               {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"},
               {"key":"k","operator":"Exists"},
               {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute"},
               {"key":"node.kubernetes.io/disk-pressure","operator":"Exists","effect":"NoSchedule"},
               {"key":"node.kubernetes.io/memory-pressure","operator":"Exists","effect":"NoSchedule"},
               {"key":"node.kubernetes.io/pid-pressure","operator":"Exists","effect":"NoSchedule"},
               {"key":"node.kubernetes.io/unschedulable","operator":"Exists","effect":"NoSchedule"}],
              "affinity":{"podAffinity":{},"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[],
               "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
                {"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}]}}}}}
            """);
        Assert.That(JsonNode.DeepEquals(pod, expected), pod.ToJsonString());
        Assert.That(DaemonPods.NodeOf(pod.Deserialize(Resources.Pods.Form)!), Is.EqualTo("n1"));
        Assert.That(set.Spec.Template.Json["spec"]!["tolerations"]!.AsArray(), Has.Count.EqualTo(2), "the template is as it was");
    }

    [TestCase("{}", "{}", false)]
    [TestCase("""{"metadata":{"labels":{"a":"b"}}}""", """{"metadata":{"labels":{"a":"c"}}}""", true)]
    [TestCase("""{"metadata":{"labels":{"a":"b"}}}""", "{}", true)]
    [TestCase("""{"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}}""", """{"spec":{"taints":[{"key":"k","effect":"NoExecute"}]}}""", true)]
    [TestCase("{}", """{"spec":{"taints":[{"key":"k","effect":"NoExecute"}]}}""", true)]
    [TestCase("{}", """{"status":{"conditions":[{"type":"Ready","status":"True"}]},"spec":{"unschedulable":true}}""", false)]
    public void Few_changes_of_a_node_matter(string before, string now, bool expected) => Assert.That(
        DaemonPlacement.IsAffected(
            JsonSerializer.Deserialize(before, Resources.Nodes.Form)!, JsonSerializer.Deserialize(now, Resources.Nodes.Form)!),
        Is.EqualTo(expected));
}
