using Etcdish.Cluster;
using Etcdish.Server.Configuration;

namespace Etcdish.Server.Tests;

public sealed class InitialClusterTests
{
    [Test]
    public void Names_may_repeat_and_their_urls_are_sorted()
    {
        IReadOnlyList<ClusterMember> members =
            new InitialCluster("b=http://10.0.0.2:2380, a=http://10.0.0.9:2380,a=http://10.0.0.1:2380").Members("t");

        Assert.Multiple(() =>
        {
            Assert.That(members.Select(member => member.Name), Is.EqualTo(new[] { "a", "b" }));
            Assert.That(members[0].PeerUrls, Is.EqualTo(new[] { "http://10.0.0.1:2380", "http://10.0.0.9:2380" }));
            Assert.That(members[0].Id, Is.EqualTo(MemberIdentity.MemberId(["http://10.0.0.9:2380", "http://10.0.0.1:2380"], "t")));
        });
    }

    [Test]
    public void One_member_with_the_defaults_has_etcds_id()
    {
        IReadOnlyList<ClusterMember> members = new InitialCluster("default=http://localhost:2380").Members("etcd-cluster");

        Assert.That(members.Single().Id, Is.EqualTo(0x8e9e05c52164694d));
    }

    [Test]
    public void Order_of_urls_does_not_matter_for_the_check() =>
        Assert.That(
            () => new InitialCluster("a=http://10.0.0.2:2380,a=http://10.0.0.1:2380")
                .Check("a", [EtcdUrl.Parse("http://10.0.0.1:2380"), EtcdUrl.Parse("http://10.0.0.2:2380")]),
            Throws.Nothing);
}
