using Etcdish.Controllers.Volumes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Volumes;

/// <summary>Which volume a claim gets.</summary>
public sealed class VolumeMatchingTests
{
    [Test]
    public void The_smallest_that_is_large_enough() =>
        Assert.That(Best(Claim("5Gi"), Volume("a", "10Gi"), Volume("b", "4Gi"), Volume("c", "5Gi"), Volume("d", "6Gi")), Is.EqualTo("c"));

    [Test]
    public void Sizes_are_numbers_not_texts() =>
        Assert.That(Best(Claim("5G"), Volume("a", "5Gi"), Volume("b", "5000M"), Volume("c", "5000000001")), Is.EqualTo("b"));

    [Test]
    public void Of_equal_ones_the_first_by_name() =>
        Assert.That(Best(Claim("1Gi"), Volume("b", "1Gi"), Volume("a", "1Gi")), Is.EqualTo("a"));

    [Test]
    public void Fewer_access_modes_before_a_smaller_size() => Assert.That(
        Best(Claim("1Gi"), Volume("a", "1Gi", modes: ["ReadWriteOnce", "ReadOnlyMany"]), Volume("b", "9Gi", modes: ["ReadWriteOnce"])),
        Is.EqualTo("b"));

    [TestCase("ReadWriteMany", ExpectedResult = null)]
    [TestCase("ReadOnlyMany", ExpectedResult = "a")]
    public string? Access_modes_must_be_allowed(string mode)
    {
        var claim = Claim("1Gi");
        claim.Spec.AccessModes = ["ReadWriteOnce", mode];
        return Best(claim, Volume("a", "1Gi", modes: ["ReadWriteOnce", "ReadOnlyMany"]));
    }

    [TestCase("fast", "fast", ExpectedResult = "a")]
    [TestCase("fast", "slow", ExpectedResult = null)]
    [TestCase("", "", ExpectedResult = "a")]
    [TestCase(null, "", ExpectedResult = "a")]
    [TestCase(null, "fast", ExpectedResult = null)]
    [TestCase("fast", "", ExpectedResult = null)]
    public string? Classes_must_be_the_same(string? wanted, string there)
    {
        var claim = Claim("1Gi");
        claim.Spec.StorageClassName = wanted;
        var volume = Volume("a", "1Gi");
        volume.Spec.StorageClassName = there;
        return Best(claim, volume);
    }

    [TestCase("Block", "Block", ExpectedResult = "a")]
    [TestCase("Block", "Filesystem", ExpectedResult = null)]
    [TestCase("Filesystem", "Block", ExpectedResult = null)]
    public string? Modes_must_be_the_same(string wanted, string there)
    {
        var claim = Claim("1Gi");
        claim.Spec.VolumeMode = wanted;
        var volume = Volume("a", "1Gi");
        volume.Spec.VolumeMode = there;
        return Best(claim, volume);
    }

    [TestCase("Available", ExpectedResult = "a")]
    [TestCase("Pending", ExpectedResult = null)]
    [TestCase("Released", ExpectedResult = null)]
    [TestCase("Failed", ExpectedResult = null)]
    public string? Volumes_must_be_available(string phase)
    {
        var volume = Volume("a", "1Gi");
        volume.Status.Phase = phase;
        return Best(Claim("1Gi"), volume);
    }

    [Test]
    public void A_selector_chooses()
    {
        var claim = Claim("1Gi");
        claim.Spec.Selector = LabelSelector.Parse("disk=ssd");
        var volume = Volume("b", "2Gi");
        volume.Metadata.Labels = new() { ["disk"] = "ssd" };
        Assert.That(Best(claim, Volume("a", "1Gi"), volume), Is.EqualTo("b"));
    }

    [Test]
    public void What_is_being_deleted_is_not_given()
    {
        var volume = Volume("a", "1Gi");
        volume.Metadata.DeletionTimestamp = DateTimeOffset.UnixEpoch;
        Assert.That(Best(Claim("1Gi"), volume), Is.Null);
    }

    [TestCase("ns", "c", "", ExpectedResult = "kept")]
    [TestCase("ns", "c", "u", ExpectedResult = "kept")]
    [TestCase("ns", "c", "another uid", ExpectedResult = "free")]
    [TestCase("ns", "another", "", ExpectedResult = "free")]
    [TestCase("other", "c", "u", ExpectedResult = "free")]
    public string? What_is_kept_for_a_claim_comes_first(string ns, string name, string uid)
    {
        var kept = Volume("kept", "9Gi");
        kept.Spec.ClaimRef = new ObjectReference { Namespace = ns, Name = name, Uid = uid };
        kept.Spec.StorageClassName = "another";
        return Best(Claim("1Gi"), kept, Volume("free", "1Gi"));
    }

    [Test]
    public void What_is_kept_for_a_claim_but_too_small_is_not_given()
    {
        var kept = Volume("kept", "1Gi");
        kept.Spec.ClaimRef = new ObjectReference { Namespace = "ns", Name = "c" };
        Assert.That(Best(Claim("2Gi"), kept, Volume("free", "3Gi")), Is.EqualTo("free"));
    }

    [TestCase("2Gi", "", "Filesystem", "ReadWriteOnce", ExpectedResult = null)]
    [TestCase("1Gi", "", "Filesystem", "ReadWriteOnce", ExpectedResult = "requested PV is too small")]
    [TestCase("2Gi", "x", "Filesystem", "ReadWriteOnce", ExpectedResult = "storageClassName does not match")]
    [TestCase("2Gi", "", "Block", "ReadWriteOnce", ExpectedResult = "incompatible volumeMode")]
    [TestCase("2Gi", "", "Filesystem", "ReadOnlyMany", ExpectedResult = "incompatible accessMode")]
    public string? Why_a_named_volume_cannot_be_had(string size, string storage, string volumeMode, string mode)
    {
        var volume = Volume("a", size, [mode]);
        (volume.Spec.StorageClassName, volume.Spec.VolumeMode) = (storage, volumeMode);
        return VolumeMatching.ProblemOf(volume, Claim("2Gi"));
    }

    internal static PersistentVolumeClaim Claim(string size) => new()
    {
        Metadata = new ObjectMetadata { Namespace = "ns", Name = "c", Uid = "u" },
        Spec = new PersistentVolumeClaimSpec
        {
            AccessModes = ["ReadWriteOnce"],
            StorageClassName = "",
            Resources = new ResourceRequirements { Requests = new() { ["storage"] = Quantity.Parse(size) } },
        },
    };

    internal static PersistentVolume Volume(string name, string size, string[]? modes = null) => new()
    {
        Metadata = new ObjectMetadata { Name = name },
        Spec = new PersistentVolumeSpec { AccessModes = modes ?? ["ReadWriteOnce"], Capacity = new() { ["storage"] = Quantity.Parse(size) } },
        Status = new PersistentVolumeStatus { Phase = "Available" },
    };

    private static string? Best(PersistentVolumeClaim claim, params PersistentVolume[] volumes) =>
        VolumeMatching.FindBest(claim, volumes, volumes)?.Metadata.Name;
}
