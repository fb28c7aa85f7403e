using System.Text.Json;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Tests.Objects;

/// <summary>Metadata as it is read of every object.</summary>
public sealed class ObjectMetadataTests
{
    [Test]
    public void All_fields_are_read_and_others_are_stepped_over()
    {
        var metadata = Read(
            """
            {"name":"a","generateName":"a-","namespace":"ns","uid":"u","resourceVersion":"7","generation":3,
             "creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T03:04:06Z","deletionGracePeriodSeconds":30,
             "labels":{"a/b":"c","d":"\u0065"},"annotations":{"e":"f"},"finalizers":["g"],
             "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":"o","controller":true}],
             "managedFields":[{"manager":"m","fieldsV1":{"f:name":{}}}]}
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((metadata.Name, metadata.Namespace, metadata.Uid, metadata.ResourceVersion), Is.EqualTo(("a", "ns", "u", "7")));
            Assert.That((metadata.Generation, metadata.DeletionGracePeriodSeconds), Is.EqualTo((3L, (long?)30)));
            Assert.That(metadata.CreationTimestamp, Is.EqualTo(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)));
            Assert.That(metadata.DeletionTimestamp, Is.EqualTo(new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero)));
            Assert.That(metadata.Labels, Is.EqualTo(new Dictionary<string, string> { ["a/b"] = "c", ["d"] = "e" }));
            Assert.That(metadata.Annotations, Is.EqualTo(new Dictionary<string, string> { ["e"] = "f" }));
            Assert.That(metadata.Finalizers, Is.EqualTo(["g"]));
            Assert.That(metadata.IsControlledBy("o"), Is.True);
        }
    }

    [Test]
    public void What_is_null_is_as_if_it_were_missing()
    {
        var metadata = Read(
            """
            {"name":null,"namespace":null,"uid":null,"resourceVersion":null,"generation":null,"creationTimestamp":null,
             "deletionTimestamp":null,"deletionGracePeriodSeconds":null,"labels":null,"annotations":null,"finalizers":null,"ownerReferences":null}
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(metadata.Name + metadata.Namespace + metadata.Uid + metadata.ResourceVersion, Is.Empty);
            Assert.That(metadata.CreationTimestamp ?? metadata.DeletionTimestamp, Is.Null);
            Assert.That(metadata.Labels.Count + metadata.Annotations.Count, Is.Zero);
            Assert.That(metadata.Finalizers.Length + metadata.OwnerReferences.Length, Is.Zero);
        }
    }

    [TestCase("""{"name":5}""")]
    [TestCase("""{"labels":[]}""")]
    [TestCase("""{"labels":{"a":{} } }""")]
    [TestCase("""{"creationTimestamp":"yesterday"}""")]
    [TestCase("""{"generation":"1"}""")]
    [TestCase("[]")]
    [TestCase("""{"name":"a" """)]
    public void What_has_another_form_is_refused(string text) => Assert.That(() => Read(text), Throws.InstanceOf<JsonException>());

    private static ObjectMetadata Read(string metadata) =>
        JsonSerializer.Deserialize($"{{\"metadata\":{metadata}}}", ObjectForms.Default.Pod)!.Metadata;
}
