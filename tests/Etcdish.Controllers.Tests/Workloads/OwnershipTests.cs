using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>Who owns what, and how names are made.</summary>
public sealed class OwnershipTests
{
    private static readonly ObjectMetadata _owner = new() { Name = "web", Namespace = "a", Uid = "1" };

    [TestCase("1", true, false, ClaimVerdict.Keep)]
    [TestCase("1", true, true, ClaimVerdict.Keep)]
    [TestCase("1", false, false, ClaimVerdict.Release)]
    [TestCase("2", true, false, ClaimVerdict.Ignore)]
    [TestCase("2", false, false, ClaimVerdict.Ignore)]
    [TestCase(null, true, false, ClaimVerdict.Adopt)]
    [TestCase(null, true, true, ClaimVerdict.Ignore)]
    [TestCase(null, false, false, ClaimVerdict.Ignore)]
    public void An_object_is_judged(string? controller, bool isMatch, bool isBeingDeleted, object expected) =>
        Assert.That(ObjectClaims<Pod>.Judge(Value(controller, isBeingDeleted), _owner, isMatch), Is.EqualTo(expected));

    [Test]
    public void An_owner_that_is_going_neither_takes_up_nor_lets_go()
    {
        var going = new ObjectMetadata { Namespace = "a", Uid = "1", DeletionTimestamp = DateTimeOffset.UnixEpoch };
        Assert.That(ObjectClaims<Pod>.Judge(Value(null), going, isMatch: true), Is.EqualTo(ClaimVerdict.Ignore));
        Assert.That(ObjectClaims<Pod>.Judge(Value("1"), going, isMatch: false), Is.EqualTo(ClaimVerdict.Ignore));
        Assert.That(ObjectClaims<Pod>.Judge(Value("1"), going, isMatch: true), Is.EqualTo(ClaimVerdict.Keep));
    }

    [Test]
    public void Another_namespace_is_none_of_an_owners_concern()
    {
        var elsewhere = new ObjectMetadata { Name = "p", Namespace = "b" };
        Assert.That(ObjectClaims<Pod>.Judge(elsewhere, _owner, isMatch: true), Is.EqualTo(ClaimVerdict.Ignore));
    }

    [TestCase("", 0x811c9dc5u)]
    [TestCase("a", 0xe40c292cu)]
    [TestCase("foobar", 0xbf9cf968u)]
    public void The_hash_is_fnv(string text, uint expected) =>
        Assert.That(TemplateHash.Fnv32a(Encoding.UTF8.GetBytes(text)), Is.EqualTo(expected));

    [Test]
    public void Digits_become_letters() => Assert.That(TemplateHash.SafeEncode("0123456789"), Is.EqualTo("456789bcdf"));

    /// <summary>These names are in people's clusters: whoever changes them rolls nothing out, but orphans what collides.</summary>
    [TestCase("{}", null, "5859f96865")]
    [TestCase("{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'nginx:1.29'}]}}", null, "7fb575d46")]
    [TestCase("{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'nginx:1.29'}]}}", 0, "86db5f7878")]
    [TestCase("{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'nginx:1.29'}]}}", 1, "599cddd9c5")]
    [TestCase("{'spec':{'terminationGracePeriodSeconds':30,'containers':[{'name':'ü\\n<','env':[{'name':'A','value':'\\u0001'}]}]}}", null, "86f687d4f")]
    public void A_template_has_its_name_for_ever(string template, int? collisions, string expected) =>
        Assert.That(TemplateHash.Of(Parse(template), collisions), Is.EqualTo(expected));

    [TestCase("{'a':1,'b':2}", "{'b':2,'a':1}")]
    [TestCase("{'a':'\\u00fc'}", "{'a':'ü'}")]
    [TestCase("{'metadata':{'creationTimestamp':null},'spec':{}}", "{'spec':{}}")]
    [TestCase("{'metadata':{'labels':{'x':'y'}}}", "{'metadata':{'labels':{'x':'y','hash':'z'}}}")]
    [TestCase("{'metadata':{'labels':{'hash':'z'}},'a':1}", "{'a':1}")]
    [TestCase("{'spec':{'containers':[{'resources':{'limits':{}},'args':[]}]}}", "{'spec':{'containers':[{}]}}")]
    public void Templates_that_mean_the_same_are_equal(string one, string other)
    {
        Assert.That(CanonicalTemplate.AreEqual(Parse(one), Parse(other), "hash"), Is.True);
        Assert.That(CanonicalTemplate.Of(Parse(one), "hash"), Is.EqualTo(CanonicalTemplate.Of(Parse(other), "hash")));
    }

    [TestCase("{'labelSelector':{}}", "{}")]
    [TestCase("{'volumes':[{'emptyDir':{}}]}", "{'volumes':[{}]}")]
    [TestCase("{'a':[1,2]}", "{'a':[2,1]}")]
    [TestCase("{'a':'1'}", "{'a':1}")]
    [TestCase("{'spec':{'nodeSelector':{'hash':'x'}}}", "{'spec':{}}")]
    public void Templates_that_differ_are_not(string one, string other) =>
        Assert.That(CanonicalTemplate.AreEqual(Parse(one), Parse(other), "hash"), Is.False);

    [Test]
    public async Task Batches_double_until_something_fails()
    {
        List<int> done = [];
        var (succeeded, failure) = await SlowStart.RunAsync(100, Act, CancellationToken.None);
        Assert.That(failure, Is.Not.Null);
        Assert.That(succeeded, Is.EqualTo(5), "1 and 2 succeed, of the batch of four two fail and two succeed");
        Assert.That(done, Is.EquivalentTo([0, 1, 2, 3, 4, 5, 6]));

        Task Act(int number, CancellationToken cancellation)
        {
            lock (done)
            {
                done.Add(number);
            }

            return number is 4 or 5 ? throw new ApiStatusException(403, "Forbidden", "no more") : Task.CompletedTask;
        }
    }

    [Test]
    public void Generated_names_fit()
    {
        Assert.That(GeneratedName.From("web-"), Does.Match("^web-[bcdfghjklmnpqrstvwxz2456789]{5}$"));
        Assert.That(GeneratedName.From(new string('a', 100)), Has.Length.EqualTo(63));
    }

    private static ObjectMetadata Value(string? controller, bool isBeingDeleted = false) => new()
    {
        Name = "p",
        Namespace = "a",
        DeletionTimestamp = isBeingDeleted ? DateTimeOffset.UnixEpoch : null,
        OwnerReferences = controller is null ? [] : [new OwnerReference { Uid = controller, Controller = true }],
    };

    private static JsonObject Parse(string json) => JsonNode.Parse(json.Replace('\'', '"'))!.AsObject();
}
