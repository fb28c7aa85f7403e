using System.Collections.Immutable;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests;

/// <summary>What is refused, and how; each case as genuine etcd has it.</summary>
public class MemberRulesTests
{
    // started: voters that have a name; heard: those that answer. Voters are 1 to 9, learners from 10 on.
    [TestCase(MemberOperation.Add, 7, "1 2 3", "1 2 3", "1 2 3", "", null)]
    [TestCase(MemberOperation.Add, 7, "1", "1", "1", "", null)]
    [TestCase(MemberOperation.Add, 7, "1 2", "1", "1 2", "", "etcdserver: re-configuration failed due to not enough started members")]
    [TestCase(MemberOperation.Add, 7, "1 2 3 4", "1 2", "1 2 3 4", "", "etcdserver: re-configuration failed due to not enough started members")]
    [TestCase(MemberOperation.Add, 7, "1 2 3", "1 2 3", "1 2", "", "etcdserver: unhealthy cluster")]
    [TestCase(MemberOperation.Add, 7, "1 2 3 4 5", "1 2 3 4 5", "1 2 3 4", "", null)]
    [TestCase(MemberOperation.Add, 3, "1 2 3", "1 2 3", "1 2 3", "", "etcdserver: member ID already exist")]
    [TestCase(MemberOperation.Add, 99, "1 2 3", "1 2 3", "1 2 3", "", "etcdserver: member ID already exist")]
    [TestCase(MemberOperation.Add, 7, "1 2 3", "1 2 3", "1 2 3", "http://m2", "etcdserver: Peer URLs already exists")]
    [TestCase(MemberOperation.AddLearner, 7, "1 2 3", "1 2 3", "1 2", "", "etcdserver: unhealthy cluster")]
    [TestCase(MemberOperation.AddLearner, 7, "1 2 3 10", "1 2 3", "1 2 3", "", "etcdserver: too many learner members in cluster")]
    [TestCase(MemberOperation.AddLearner, 7, "1 2 3 4", "1 2", "1 2 3", "", null)]
    [TestCase(MemberOperation.Promote, 7, "1 2 3", "1 2 3", "1 2 3", "", "etcdserver: member not found")]
    [TestCase(MemberOperation.Promote, 2, "1 2 3", "1 2 3", "1 2 3", "", "etcdserver: can only promote a learner member")]
    [TestCase(MemberOperation.Promote, 10, "1 2 3 10", "1 2 3", "1 2 3", "", null)]
    [TestCase(MemberOperation.Promote, 10, "1 2 3 10", "1", "1 2 3", "", "etcdserver: re-configuration failed due to not enough started members")]
    [TestCase(MemberOperation.Remove, 7, "1 2 3", "1 2 3", "1 2 3", "", "etcdserver: member not found")]
    [TestCase(MemberOperation.Remove, 99, "1 2 3", "1 2 3", "1 2 3", "", "etcdserver: member not found")]
    [TestCase(MemberOperation.Remove, 1, "1", "1", "1", "", "etcdserver: re-configuration failed due to not enough started members")]
    [TestCase(MemberOperation.Remove, 3, "1 2 3", "1 2 3", "1 2", "", null, Description = "who is away may go")]
    [TestCase(MemberOperation.Remove, 2, "1 2 3", "1 2 3", "1 2", "", "etcdserver: unhealthy cluster")]
    [TestCase(MemberOperation.Remove, 2, "1 2 3", "1 2 3", "1 2 3", "", null)]
    [TestCase(MemberOperation.Remove, 2, "1 2 3 4", "1 2", "1 2 3 4", "", "etcdserver: re-configuration failed due to not enough started members")]
    [TestCase(MemberOperation.Remove, 10, "1 2 10", "1", "1", "", null, Description = "a learner is no part of a quorum")]
    [TestCase(MemberOperation.Update, 7, "1 2 3", "1 2 3", "1 2 3", "http://x", "etcdserver: member not found")]
    [TestCase(MemberOperation.Update, 2, "1 2 3", "1 2 3", "1 2 3", "http://m3", "etcdserver: Peer URLs already exists")]
    [TestCase(MemberOperation.Update, 2, "1 2 3", "1 2 3", "1", "http://m2", null, Description = "its own URLs again")]
    public void Each_wish_has_etcds_answer(
        object operation, int member, string members, string started, string heard, string url, string? refusal)
    {
        MemberRules rules = new(Of(members, started), id => Ids(heard).Contains(id), maxLearners: 1);
        ImmutableArray<string> urls = url.Length == 0 ? [] : [url];
        EtcdError? error = rules.Check(new MemberRequest((MemberOperation)operation, IsStrict: true, (ulong)member, urls));
        Assert.That(error?.Message, Is.EqualTo(refusal));
    }

    [TestCase(MemberOperation.Add, 7, "1 2")]
    [TestCase(MemberOperation.Remove, 2, "1 2")]
    public void What_could_cost_the_quorum_is_done_when_it_is_not_to_be_refused(object operation, int member, string heard)
    {
        MemberRules rules = new(Of("1 2 3", "1"), id => Ids(heard).Contains(id), maxLearners: 1);
        Assert.That(rules.Check(new MemberRequest((MemberOperation)operation, IsStrict: false, (ulong)member, [])), Is.Null);
    }

    [TestCase("")]
    [TestCase("01")]
    [TestCase("0000")]
    [TestCase("0600")]
    [TestCase("0102")]
    [TestCase("0100")]
    public void Bytes_that_are_no_wish_are_refused(string hex) =>
        Assert.That(() => MemberRequest.Decode(Convert.FromHexString(hex)), Throws.TypeOf<MalformedFrameException>());

    [Test]
    public void A_wish_survives_the_way_to_the_leader()
    {
        MemberRequest wish = new(MemberOperation.Update, IsStrict: true, 0xABCD, ["http://a:1", "http://b:2"]);
        byte[] bytes = wish.Encode();
        MemberRequest read = MemberRequest.Decode(bytes);
        Assert.That(read.PeerUrls, Is.EqualTo(wish.PeerUrls));
        Assert.That(read with { PeerUrls = wish.PeerUrls }, Is.EqualTo(wish));
        Assert.That(Convert.ToHexStringLower(bytes), Does.StartWith("050101" + "cdab000000000000"));
    }

    [Test]
    public void The_id_of_a_new_member_is_made_of_its_urls_and_the_second()
    {
        // As etcd: the first eight bytes of SHA-1 over the URLs in order and the seconds since 1970 in decimal.
        ulong id = MemberIdentity.NewMemberId(["http://127.0.0.1:2381", "http://127.0.0.1:2380"], DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
        Assert.That(id, Is.EqualTo(MemberIdentity.MemberId(["http://127.0.0.1:2380", "http://127.0.0.1:2381"], "1700000000")));
    }

    private static Membership Of(string members, string started)
    {
        ulong[] all = Ids(members);
        Configuration configuration = new(all.Where(id => id < 10), [], all.Where(id => id >= 10), [], [99]);
        return new Membership(configuration, [.. all.Select(id => new MemberInfo(id, Ids(started).Contains(id) ? "n" : "", [$"http://m{id}"], []))]);
    }

    private static ulong[] Ids(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => ulong.Parse(id, null))];
}
