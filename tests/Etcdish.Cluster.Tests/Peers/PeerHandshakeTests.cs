using System.Net.Sockets;
using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Introductions: their bytes, and who is refused why.</summary>
public class PeerHandshakeTests
{
    private static readonly PeerHello _hello = new(1, ConnectionKind.Bulk, 0x0102, 0x0304, 0x0506);

    [Test]
    public void Hello_and_answer_have_the_bytes_of_the_table()
    {
        Assert.That(
            Convert.ToHexStringLower(PeerHandshake.Encode(_hello)),
            Is.EqualTo("6574636470656572" + "0100" + "02" + "0000000000" + "0201000000000000" + "0403000000000000" + "0605000000000000"
                + "00000000" + "eff22655"));
        Assert.That(
            Convert.ToHexStringLower(PeerHandshake.Encode(PeerRefusal.Removed)),
            Is.EqualTo("6574636470656572" + "0100" + "04" + "00" + "55afdc5b"));
    }

    [Test]
    public void Every_flipped_bit_of_a_hello_or_an_answer_is_noticed()
    {
        byte[] hello = PeerHandshake.Encode(_hello);
        Assert.That(PeerHandshake.DecodeHello(hello), Is.EqualTo(_hello));
        for (int bit = 0; bit < 8 * hello.Length; bit++)
        {
            byte[] damaged = Flip(hello, bit);
            Assert.That(Read(() => PeerHandshake.DecodeHello(damaged).Version), Is.Not.EqualTo(PeerHandshake.Version), $"bit {bit}");
        }

        byte[] answer = PeerHandshake.Encode(PeerRefusal.None);
        Assert.That(PeerHandshake.DecodeAnswer(answer), Is.EqualTo(PeerRefusal.None));
        for (int bit = 0; bit < 8 * answer.Length; bit++)
        {
            byte[] damaged = Flip(answer, bit);
            Assert.That(Read(() => (int)PeerHandshake.DecodeAnswer(damaged)), Is.Not.EqualTo(0), $"bit {bit}");
        }

        static int? Read(Func<int> decode)
        {
            try
            {
                return decode();
            }
            catch (MalformedFrameException)
            {
                return null;
            }
        }

        static byte[] Flip(byte[] bytes, int bit)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            return damaged;
        }
    }

    [Test]
    public async Task A_member_of_another_cluster_is_refused_and_told_once()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer stranger = TestPeer.Start(2, options => options with { ClusterId = 0xc2 });
        stranger.Network.SetMembers([alice.Address], []);
        await stranger.Inbox.Until(inbox => inbox.UnreachableMembers.Count >= 5);

        PeerNotice notice = stranger.Inbox.Notices.Single();
        Assert.That((notice.IsWarning, notice.Member, notice.Refusal), Is.EqualTo((true, 1ul, PeerRefusal.OtherCluster)));
        Assert.That(notice.Message, Does.Contain("another cluster than c2"));
        Assert.That(alice.Inbox.Notices.Single().Message, Does.Contain("member 2").And.Contain("OtherCluster"));
        Assert.That(alice.Inbox.UnreachableMembers, Is.Empty);
        Assert.That(
            async () => await stranger.Network.AskAsync(1, new byte[1], CancellationToken.None),
            Throws.TypeOf<PeerAskException>().With.Message.Contains("another cluster"));
    }

    [Test]
    public async Task A_member_at_the_wrong_address_is_refused()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        bob.Network.SetMembers([new PeerAddress(3, [alice.Url])], []);
        await bob.Inbox.Until(inbox => inbox.Notices.Count > 0);

        Assert.That(bob.Inbox.Notices[0].Refusal, Is.EqualTo(PeerRefusal.OtherMember));
        Assert.That(bob.Inbox.Notices[0].Message, Does.Contain("not member 3"));
    }

    [Test]
    public async Task A_removed_member_is_hung_up_on_and_refused()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        await bob.SendUntilHeard(alice, 1);

        alice.Network.SetMembers([], [2]);
        await bob.Inbox.Until(inbox => inbox.Notices.Any(notice => notice.Refusal == PeerRefusal.Removed));

        Assert.That(bob.Inbox.Notices[^1].Message, Does.Contain("member 2 was removed"));
    }

    [TestCase(2, 0xc1, 0, 1, (int)PeerRefusal.BadIdentity)]
    [TestCase(2, 0xc1, 1, 1, (int)PeerRefusal.BadIdentity)]
    [TestCase(2, 0xc2, 2, 1, (int)PeerRefusal.OtherCluster)]
    [TestCase(1, 0xc1, 2, 5, (int)PeerRefusal.OtherMember)]
    [TestCase(1, 0xc1, 2, 1, (int)PeerRefusal.None)]
    public async Task Whoever_says_something_false_is_told_what(int kind, int cluster, int from, int to, int expected)
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using NetworkStream stream = await alice.DialAsync();
        PeerHello hello = new(PeerHandshake.Version, (ConnectionKind)kind, (ulong)cluster, (ulong)from, (ulong)to);
        await stream.WriteAsync(PeerHandshake.Encode(hello));

        Assert.That(await TestPeer.ReadAnswerAsync(stream), Is.EqualTo((PeerRefusal)expected));
    }

    [Test]
    public async Task Another_version_is_told_so()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using NetworkStream stream = await alice.DialAsync();
        await stream.WriteAsync(PeerHandshake.Encode(_hello with { Version = 2 }));

        Assert.That(await TestPeer.ReadAnswerAsync(stream), Is.EqualTo(PeerRefusal.OtherVersion));
    }

    [TestCase("http://10.0.0.1:2380", false, "10.0.0.1", 2380, "http://10.0.0.1:2380")]
    [TestCase(" HTTPS://etcd-0.example:443/ ", true, "etcd-0.example", 443, "https://etcd-0.example:443")]
    [TestCase("http://[::1]:0", false, "::1", 0, "http://[::1]:0")]
    public void A_peer_URL_is_taken_apart(string text, bool isSecure, string host, int port, string again)
    {
        PeerUrl url = PeerUrl.Parse(text);

        Assert.That((url.IsSecure, url.Host, url.Port), Is.EqualTo((isSecure, host, port)));
        Assert.That(url.ToString(), Is.EqualTo(again));
    }

    [TestCase("")]
    [TestCase("10.0.0.1:2380")]
    [TestCase("ftp://a:1")]
    [TestCase("http://a")]
    [TestCase("http://:1")]
    [TestCase("http://a:65536")]
    [TestCase("http://a:-1")]
    [TestCase("http://a/b:1")]
    [TestCase("http://user@a:1")]
    [TestCase("http://[::1:1")]
    public void What_is_no_peer_URL_is_refused(string text) =>
        Assert.That(() => PeerUrl.Parse(text), Throws.ArgumentException);
}
