using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Kinds;
using Etcdish.Scheduler.Volumes;

namespace Etcdish.Scheduler.Tests;

/// <summary>Where a pod's claims can be had.</summary>
public sealed class VolumeTests
{
    private const string InA = ",'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'zone','operator':'In','values':['a']}]}]}}";

    private static Pod Pod(string claim) => Make.Pod("p-" + claim, "'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'" + claim + "'}}]");

    private static Ground Zones()
    {
        var ground = new Ground().With(Make.Node("a1", "'zone':'a'"), Make.Node("b1", "'zone':'b'"));
        Class(ground, "wait", "'provisioner':'example.com/disk','volumeBindingMode':'WaitForFirstConsumer'");
        Class(ground, "local", "'provisioner':'kubernetes.io/no-provisioner','volumeBindingMode':'WaitForFirstConsumer'");
        Class(ground, "zoned", "'provisioner':'example.com/disk','volumeBindingMode':'WaitForFirstConsumer','allowedTopologies':[{'matchLabelExpressions':[{'key':'zone','values':['b']}]}]");
        Class(ground, "now", "'provisioner':'example.com/disk','volumeBindingMode':'Immediate'");
        return ground;
    }

    private static void Class(Ground ground, string name, string more) => ground.Cluster.Volumes.Set(
        name, Make.Read("{'metadata':{'name':'" + name + "'}," + more + "}", SchedulerKinds.StorageClasses.Form));

    private static void Claim(Ground ground, string name, string storageClass, string volume = "", string mode = "ReadWriteOnce") =>
        ground.Cluster.Volumes.Set(new ObjectKey("default", name), Make.Read(
            "{'metadata':{'name':'" + name + "','namespace':'default','uid':'" + name + "','annotations':{" + (volume.Length > 0 ? "'pv.kubernetes.io/bind-completed':'yes'" : "")
            + "}},'spec':{'storageClassName':'" + storageClass + "','volumeName':'" + volume + "','accessModes':['" + mode + "'],'resources':{'requests':{'storage':'1Gi'}}}}",
            SchedulerKinds.Claims.Form));

    private static void Volume(Ground ground, string name, string storageClass, string size, string more = "") =>
        ground.Cluster.Volumes.Set(name, Make.Read(
            "{'metadata':{'name':'" + name + "'},'spec':{'storageClassName':'" + storageClass + "','accessModes':['ReadWriteOnce'],'capacity':{'storage':'" + size + "'}" + more + "},'status':{'phase':'Available'}}",
            SchedulerKinds.Volumes.Form));

    [Test]
    public void Claims_that_are_bound_hold_a_pod_where_their_volumes_are()
    {
        var ground = Zones();
        Claim(ground, "data", "now", "pv");
        Assert.That(
            ground.Answer(Pod("data")),
            Is.EqualTo("0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)."));
        Volume(ground, "pv", "now", "1Gi", InA);
        Assert.That(ground.Fitting(Pod("data")), Is.EqualTo(new[] { "a1" }));
    }

    [Test]
    public void Claims_that_are_not_ready_keep_a_pod_from_all_nodes()
    {
        var ground = Zones();
        Assert.That(ground.Answer(Pod("none")), Is.EqualTo("0/2 nodes are available: persistentvolumeclaim \"none\" not found."));
        Claim(ground, "data", "now");
        Assert.That(ground.Answer(Pod("data")), Is.EqualTo("0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."));
    }

    [Test]
    public void Claims_that_wait_get_the_smallest_volume_that_suits_or_a_new_one()
    {
        var ground = Zones();
        Claim(ground, "data", "local");
        Assert.That(
            ground.Answer(Pod("data")), Is.EqualTo("0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."));
        Volume(ground, "small", "local", "100Mi", InA);
        Volume(ground, "large", "local", "5Gi", InA);
        Volume(ground, "right", "local", "2Gi", InA);
        var placement = ground.Find(Pod("data"));
        Assert.That(placement.Node!.Name, Is.EqualTo("a1"));
        Assert.That(placement.Volumes!.Matched.Single().Volume.Metadata.Name, Is.EqualTo("right"));
        Claim(ground, "fresh", "zoned");
        placement = ground.Find(Pod("fresh"));
        Assert.That(placement.Node!.Name, Is.EqualTo("b1"));
        Assert.That(placement.Volumes!.Provisioned.Single().Metadata.Name, Is.EqualTo("fresh"));
        Assert.That(VolumeFilter.IsBound(placement.Volumes.Provisioned[0]), Is.False);
    }

    [Test]
    public void A_claim_for_one_pod_is_for_one_pod()
    {
        var ground = Zones();
        Claim(ground, "one", "wait", mode: "ReadWriteOncePod");
        var first = Pod("one");
        Assert.That(ground.Place(first), Is.Not.Null);
        var second = Make.Pod("second", "'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'one'}}]");
        Assert.That(ground.Answer(second), Is.EqualTo(
            "0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod."));
    }

    [Test]
    public void A_node_takes_no_more_volumes_of_a_driver_than_it_says()
    {
        var ground = Zones();
        ground.Cluster.Volumes.Set("a1", Make.Read(
            "{'metadata':{'name':'a1'},'spec':{'drivers':[{'name':'example.com/disk','allocatable':{'count':1}}]}}", SchedulerKinds.CsiNodes.Form));
        Claim(ground, "x", "wait");
        Claim(ground, "y", "wait");
        Assert.That(ground.Fitting(Pod("x")), Is.EqualTo(new[] { "a1", "b1" }));
        ground.On("a1", Pod("x"));
        Assert.That(ground.Fitting(Pod("y")), Is.EqualTo(new[] { "b1" }));
    }
}
