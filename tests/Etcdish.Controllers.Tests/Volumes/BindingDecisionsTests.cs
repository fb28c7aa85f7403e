using Etcdish.Controllers.Volumes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Volumes;

/// <summary>What is done about claims and volumes that say this or that of each other.</summary>
public sealed class BindingDecisionsTests
{
    [TestCase("", ExpectedResult = "wait FailedBinding: no persistent volumes available for this claim and no storage class is set")]
    [TestCase(null, ExpectedResult = "assign standard")]
    [TestCase("gone", ExpectedResult = "wait ProvisioningFailed: storageclass.storage.k8s.io \"gone\" not found")]
    [TestCase("none", ExpectedResult = "wait ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner")]
    [TestCase("standard", ExpectedResult = "provision standard")]
    [TestCase("late", ExpectedResult = "wait WaitForFirstConsumer: waiting for first consumer to be created before binding")]
    public string A_claim_that_finds_no_volume(string? storage) => Decide(Open(storage), new View());

    [TestCase("a", ExpectedResult = "wait WaitForPodScheduled: waiting for pod a to be scheduled")]
    [TestCase("a,b", ExpectedResult = "wait WaitForPodScheduled: waiting for pods a,b to be scheduled")]
    public string A_claim_whose_pods_have_no_node(string pods) => Decide(Open("late"), new View { Pods = pods.Split(',') });

    [Test]
    public void A_claim_whose_pod_has_a_node_is_provisioned_and_does_not_take_what_the_node_may_not_reach()
    {
        var claim = Open("late");
        claim.Metadata.Annotations = new() { [VolumeMarks.SelectedNode] = "n" };
        var volume = VolumeMatchingTests.Volume("a", "1Gi");
        volume.Spec.StorageClassName = "late";
        Assert.That(Decide(claim, new View(volume)), Is.EqualTo("provision late"));
        volume.Spec.ClaimRef = new ObjectReference { Namespace = "ns", Name = "c", Uid = "u" };
        Assert.That(Decide(claim, new View(volume)), Is.EqualTo("bind a"));
    }

    [Test]
    public void A_claim_that_finds_a_volume_gets_it() =>
        Assert.That(Decide(Open(""), new View(VolumeMatchingTests.Volume("a", "1Gi"))), Is.EqualTo("bind a"));

    [TestCase("", "", "", ExpectedResult = "bind a")]
    [TestCase("ns/c", "", "", ExpectedResult = "bind a")]
    [TestCase("ns/c", "u", "", ExpectedResult = "bind a")]
    [TestCase("ns/c", "v", "", ExpectedResult = "wait FailedBinding: volume \"a\" already bound to a different claim.")]
    [TestCase("ns/d", "", "", ExpectedResult = "wait FailedBinding: volume \"a\" already bound to a different claim.")]
    [TestCase("", "", "other", ExpectedResult = "wait VolumeMismatch: Cannot bind to requested volume \"a\": storageClassName does not match")]
    public string A_claim_that_names_a_volume(string reference, string uid, string storage)
    {
        var claim = Open("");
        claim.Spec.VolumeName = "a";
        var volume = Referring(reference, uid);
        volume.Spec.StorageClassName = storage;
        return Decide(claim, new View(volume));
    }

    [Test]
    public void A_claim_that_names_a_volume_which_is_not_there_waits()
    {
        var claim = Open("");
        claim.Spec.VolumeName = "b";
        Assert.That(Decide(claim, new View()), Is.EqualTo("wait : "));
    }

    [TestCase("a", "ns/c", "u", ExpectedResult = "bind a")]
    [TestCase("a", "", "", ExpectedResult = "bind a")]
    [TestCase("a", "ns/c", "v", ExpectedResult = "lose ClaimMisbound: Two claims are bound to the same volume, this one is bound incorrectly")]
    [TestCase("b", "ns/c", "u", ExpectedResult = "lose ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!")]
    [TestCase("", "ns/c", "u", ExpectedResult = "lose ClaimLost: Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")]
    public string A_claim_that_was_bound(string name, string reference, string uid)
    {
        var claim = Open("");
        claim.Spec.VolumeName = name;
        claim.Metadata.Annotations = new() { [VolumeMarks.BindCompleted] = "yes" };
        return Decide(claim, new View(Referring(reference, uid)));
    }

    [TestCase("", "", "", ExpectedResult = VolumeAction.Offer)]
    [TestCase("ns/c", "", "", ExpectedResult = VolumeAction.Offer)]
    [TestCase("ns/c", "u", "", ExpectedResult = VolumeAction.LookAtClaim)]
    [TestCase("ns/c", "u", "a", ExpectedResult = VolumeAction.MarkBound)]
    [TestCase("ns/c", "u", "b", ExpectedResult = VolumeAction.Unbind)]
    public object A_volume(string reference, string uid, string named)
    {
        var claim = Open("");
        claim.Spec.VolumeName = named;
        return BindingDecisions.ForVolume(Referring(reference, uid), claim);
    }

    [Test]
    public void A_volume_whose_claim_is_gone_is_released() =>
        Assert.That(BindingDecisions.ForVolume(Referring("ns/c", "u"), null), Is.EqualTo(VolumeAction.Release));

    [TestCase("Delete", ExpectedResult = VolumeAction.Release)]
    [TestCase("Retain", ExpectedResult = VolumeAction.Unbind)]
    public object A_volume_made_for_a_claim_that_has_another(string policy)
    {
        var claim = Open("");
        claim.Spec.VolumeName = "b";
        var volume = Referring("ns/c", "u");
        volume.Spec.PersistentVolumeReclaimPolicy = policy;
        volume.Metadata.Annotations = new() { [VolumeMarks.ProvisionedBy] = "somebody" };
        return BindingDecisions.ForVolume(volume, claim);
    }

    [TestCase("Retain", "", ExpectedResult = null)]
    [TestCase("Delete", "example.com/disks", ExpectedResult = null)]
    [TestCase("Delete", "", ExpectedResult = "VolumeFailedDelete")]
    [TestCase("Delete", "kubernetes.io/host-path", ExpectedResult = "VolumeFailedDelete")]
    [TestCase("Recycle", "", ExpectedResult = "VolumeFailedRecycle")]
    [TestCase("Forget", "", ExpectedResult = "VolumeUnknownReclaimPolicy")]
    public string? A_policy_that_nobody_can_carry_out(string policy, string maker)
    {
        var volume = Referring("ns/c", "u");
        volume.Spec.PersistentVolumeReclaimPolicy = policy;
        volume.Metadata.Annotations = new() { [VolumeMarks.ProvisionedBy] = maker };
        return ReclaimPolicy.ProblemOf(volume)?.Reason;
    }

    private static string Decide(PersistentVolumeClaim claim, View view) => BindingDecisions.ForClaim(claim, view) switch
    {
        ClaimAction.Bind bind => $"bind {bind.Volume.Metadata.Name}",
        ClaimAction.Wait wait => $"wait {wait.Reason}: {wait.Message}",
        ClaimAction.Lose lose => $"lose {lose.Reason}: {lose.Message}",
        ClaimAction.AssignClass assign => $"assign {assign.Name}",
        ClaimAction.Provision provision => $"provision {provision.Class.Metadata.Name}",
        var other => other.ToString(),
    };

    private static PersistentVolumeClaim Open(string? storage)
    {
        var claim = VolumeMatchingTests.Claim("1Gi");
        claim.Spec.StorageClassName = storage;
        return claim;
    }

    private static PersistentVolume Referring(string claim, string uid)
    {
        var volume = VolumeMatchingTests.Volume("a", "1Gi");
        if (claim.Length > 0)
        {
            volume.Spec.ClaimRef = new ObjectReference { Namespace = claim.Split('/')[0], Name = claim.Split('/')[1], Uid = uid };
        }

        return volume;
    }

    private sealed class View(params PersistentVolume[] volumes) : IVolumeView
    {
        public string[] Pods { get; init; } = [];

        public StorageClass? DefaultClass => FindClass("standard");

        public PersistentVolume? Find(string volume) => Array.Find(volumes, v => v.Metadata.Name == volume);

        public IEnumerable<PersistentVolume> KeptFor(ObjectKey claim) => volumes.Where(v => VolumeMarks.ClaimOf(v) == claim);

        public IEnumerable<PersistentVolume> FreeOf(string storageClass) => volumes.Where(v => v.Spec.StorageClassName == storageClass);

        public StorageClass? FindClass(string name) => name switch
        {
            "standard" => Class(name, "example.com/disks", "Immediate"),
            "late" => Class(name, "example.com/disks", "WaitForFirstConsumer"),
            "none" => Class(name, "kubernetes.io/no-provisioner", "Immediate"),
            _ => null,
        };

        public IReadOnlyList<string> WaitingPods(ObjectKey claim) => Pods;

        private static StorageClass Class(string name, string provisioner, string mode) =>
            new() { Metadata = new ObjectMetadata { Name = name }, Provisioner = provisioner, VolumeBindingMode = mode };
    }
}
