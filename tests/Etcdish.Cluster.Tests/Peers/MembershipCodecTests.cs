using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Tests.Peers;

public class MembershipCodecTests
{
    private static readonly MemberInfo _alice = new(1, "alice", ["http://a:2380"], ["http://a:2379", "https://a:2377"]);

    private static readonly Membership _membership = new(
        new Configuration([1, 3], [1, 2], [4], [2], [9, 17]),
        [_alice, new MemberInfo(2, "", ["http://b:2380"], []), new MemberInfo(4, "größer", [], [])]);

    [Test]
    public void A_membership_has_the_bytes_of_the_table() => Assert.That(
        Convert.ToHexStringLower(MembershipCodec.Encode(new Membership(
            new Configuration([1, 3], [1, 2], [4], [2], [9]), [new MemberInfo(3, "c", ["u", "v"], [])]))),
        Is.EqualTo("01"
            + "0200" + "0100000000000000" + "0300000000000000"
            + "0200" + "0100000000000000" + "0200000000000000"
            + "0100" + "0400000000000000"
            + "0100" + "0200000000000000"
            + "0100" + "0900000000000000"
            + "0100" + "0300000000000000" + "010063" + "0200" + "010075" + "010076" + "0000"));

    [Test]
    public void A_member_has_the_bytes_of_the_table() => Assert.That(
        Convert.ToHexStringLower(MembershipCodec.EncodeAttributes(new MemberInfo(0x0102, "n", [], ["w"]))),
        Is.EqualTo("01" + "0201000000000000" + "01006e" + "0000" + "0100" + "010077"));

    [Test]
    public void What_is_encoded_is_decoded()
    {
        Assert.That(MembershipCodec.Decode(MembershipCodec.Encode(_membership)), Is.EqualTo(_membership));
        Assert.That(MembershipCodec.DecodeAttributes(MembershipCodec.EncodeAttributes(_alice)), Is.EqualTo(_alice));
        Membership none = new(Configuration.Empty, []);
        Assert.That(MembershipCodec.Decode(MembershipCodec.Encode(none)), Is.EqualTo(none));
    }

    [Test]
    public void A_membership_that_contradicts_itself_is_refused()
    {
        byte[] learnerIsVoter = MembershipCodec.Encode(new Membership(new Configuration([1], [], [4], [], []), []));
        learnerIsVoter[1 + 10 + 2 + 2] = 1;
        Assert.That(
            () => MembershipCodec.Decode(learnerIsVoter),
            Throws.TypeOf<MalformedFrameException>().With.Message.Contains("learner"));

        byte[] twice = MembershipCodec.Encode(new Membership(Configuration.Of(1, 2), []));
        twice[1 + 10] = 1;
        Assert.That(() => MembershipCodec.Decode(twice), Throws.TypeOf<MalformedFrameException>().With.Message.Contains("ascending"));
    }

    [Test]
    public void Members_out_of_order_or_unknown_are_not_written()
    {
        Configuration configuration = Configuration.Of(1, 2);
        MemberInfo bob = new(2, "bob", [], []);
        Assert.That(() => MembershipCodec.Encode(new Membership(configuration, [bob, _alice])), Throws.ArgumentException);
        Assert.That(() => MembershipCodec.Encode(new Membership(configuration, [new MemberInfo(3, "", [], [])])), Throws.ArgumentException);
        Assert.That(() => MembershipCodec.EncodeAttributes(bob with { Name = new string('n', 5_000) }), Throws.ArgumentException);
    }

    [Test]
    public void Whatever_the_bytes_decoding_throws_the_one_exception_or_gives_what_encodes_to_them()
    {
        const int seed = 7;
        Random random = new(seed);
        int accepted = 0;
        for (int round = 0; round < 100_000; round++)
        {
            bool isMember = random.Next(3) == 0;
            byte[] valid = isMember ? MembershipCodec.EncodeAttributes(_alice) : MembershipCodec.Encode(_membership);
            byte[] bytes = FrameSamples.Mutate(valid, random);
            try
            {
                byte[] again = isMember
                    ? MembershipCodec.EncodeAttributes(MembershipCodec.DecodeAttributes(bytes))
                    : MembershipCodec.Encode(MembershipCodec.Decode(bytes));
                if (!again.AsSpan().SequenceEqual(bytes))
                {
                    Assert.Fail($"seed {seed}, round {round}: {Convert.ToHexString(bytes)} became {Convert.ToHexString(again)}");
                }

                accepted++;
            }
            catch (MalformedFrameException)
            {
                // What most of them are.
            }
            catch (Exception e) when (e is not AssertionException)
            {
                Assert.Fail($"seed {seed}, round {round}, bytes {Convert.ToHexString(bytes)}: {e}");
            }
        }

        Assert.That(accepted, Is.InRange(10_000, 90_000), "mutations that never, or always, hit a check test nothing");
    }
}
