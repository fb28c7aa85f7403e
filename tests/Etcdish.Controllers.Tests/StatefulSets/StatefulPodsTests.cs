using System.Text.Json.Nodes;
using Etcdish.Controllers.StatefulSets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.StatefulSets;

/// <summary>The pods and claims that stateful sets make, and whose the claims are.</summary>
public sealed class StatefulPodsTests
{
    [Test]
    public void A_pod_has_its_identity_and_its_claims()
    {
        var set = StatefulObjects.Set(3).WithClaims();
        var template = new PodTemplate((JsonObject)JsonNode.Parse(
            """
            {"metadata":{"labels":{"app":"web"},"annotations":{"a":"b"}},
             "spec":{"containers":[],"volumes":[{"name":"data","emptyDir":{}},{"name":"other","emptyDir":{}}],"future":1}}
            """)!);
        var expected = JsonNode.Parse(
            """
            {"apiVersion":"v1","kind":"Pod",
             "metadata":{"name":"web-2","annotations":{"a":"b"},
              "labels":{"app":"web","statefulset.kubernetes.io/pod-name":"web-2","apps.kubernetes.io/pod-index":"2","controller-revision-hash":"web-abc"},
              "ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"set","controller":true,"blockOwnerDeletion":true}]},
             "spec":{"containers":[],"hostname":"web-2","subdomain":"svc","future":1,
              "volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-web-2"}},{"name":"other","emptyDir":{}}]}}
            """);
        var pod = StatefulPods.Make(set, template, "web-abc", 2);
        Assert.That(JsonNode.DeepEquals(pod, expected), pod.ToJsonString());
    }

    [Test]
    public void A_claim_is_of_its_template_with_the_labels_of_the_selector()
    {
        var set = StatefulObjects.Set(3).WithClaims(whenDeleted: "Delete");
        var expected = JsonNode.Parse(
            """
            {"metadata":{"name":"data-web-1","labels":{"x":"y","app":"web"},
              "ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"set","controller":true,"blockOwnerDeletion":true}]},
             "spec":{"accessModes":["ReadWriteOnce"]}}
            """);
        var claim = StatefulPods.MakeClaim(set, set.Spec.VolumeClaimTemplates[0], 1);
        Assert.That(JsonNode.DeepEquals(claim, expected), claim.ToJsonString());
        var retained = StatefulPods.MakeClaim(StatefulObjects.Set(3).WithClaims(), set.Spec.VolumeClaimTemplates[0], 1);
        Assert.That(retained["metadata"]!["ownerReferences"], Is.Null);
    }

    // Owners: S the set, P the pod, s and p their namesakes of another uid, O another controller, o another owner; lower case sigma: S, but
    // no controller.
    [TestCase("Retain", "Retain", true, "", "right")]
    [TestCase("Retain", "Retain", false, "", "right")]
    [TestCase("Retain", "Retain", true, "S", "")]
    [TestCase("Retain", "Retain", true, "oP", "o")]
    [TestCase("Retain", "Retain", true, "O", "right")]
    [TestCase("Delete", "Retain", true, "", "S")]
    [TestCase("Delete", "Retain", true, "S", "right")]
    [TestCase("Delete", "Retain", false, "S", "right")]
    [TestCase("Delete", "Retain", true, "P", "S")]
    [TestCase("Delete", "Retain", true, "σ", "S")]
    [TestCase("Delete", "Retain", true, "o", "oS")]
    [TestCase("Retain", "Delete", true, "", "right")]
    [TestCase("Retain", "Delete", false, "", "P")]
    [TestCase("Retain", "Delete", true, "P", "")]
    [TestCase("Retain", "Delete", false, "P", "right")]
    [TestCase("Delete", "Delete", true, "", "S")]
    [TestCase("Delete", "Delete", false, "S", "P")]
    [TestCase("Delete", "Delete", true, "P", "S")]
    [TestCase("Delete", "Delete", true, "SP", "S")]
    [TestCase("Delete", "Delete", true, "O", "right")]
    [TestCase("Delete", "Delete", true, "OS", "O")]
    [TestCase("Delete", "Delete", true, "s", "right")]
    [TestCase("Delete", "Delete", false, "p", "right")]
    public void Claims_have_the_owners_that_the_policy_says(
        string whenDeleted, string whenScaled, bool isWanted, string owners, string expected)
    {
        var set = StatefulObjects.Set(3).WithClaims(whenDeleted, whenScaled);
        var pod = StatefulObjects.Pod("1:A+");
        var now = ClaimOwners.Correct([.. owners.Select(Owner)], set, pod, isWanted);
        Assert.That(now is null ? "right" : string.Concat(now.Select(Letter)), Is.EqualTo(expected));
    }

    private static OwnerReference Owner(char letter) => letter switch
    {
        'S' => Reference("apps/v1", "StatefulSet", "web", "set", true),
        'σ' => Reference("apps/v1", "StatefulSet", "web", "set", false),
        's' => Reference("apps/v1", "StatefulSet", "web", "former", true),
        'P' => Reference("v1", "Pod", "web-1", "uid-1", true),
        'p' => Reference("v1", "Pod", "web-1", "former", true),
        _ => Reference("v1", "ConfigMap", "other", "other", letter == 'O'),
    };

    private static char Letter(OwnerReference owner) => owner.Kind switch
    {
        "StatefulSet" => 'S',
        "Pod" => 'P',
        _ => owner.Controller ? 'O' : 'o',
    };

    private static OwnerReference Reference(string apiVersion, string kind, string name, string uid, bool isController) =>
        new() { ApiVersion = apiVersion, Kind = kind, Name = name, Uid = uid, Controller = isController };
}
