using System.Buffers.Binary;
using System.Net.Sockets;
using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Whatever comes in, the one connection is closed and the network goes on.</summary>
public class HostilePeerTests
{
    [Test]
    public async Task A_wrong_checksum_closes_the_connection_with_a_notice()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using NetworkStream liar = await alice.DialAsMemberAsync(2);
        byte[] damaged = TestPeer.Wrap(TestPeer.Numbered(2));
        damaged[^1] ^= 1;
        await liar.WriteAsync((byte[])[.. TestPeer.Wrap(TestPeer.Numbered(1)), .. damaged, .. TestPeer.Wrap(TestPeer.Numbered(3))]);

        Assert.That(await PeerNetworkTests.IsClosedAsync(liar));
        await alice.Inbox.Until(inbox => inbox.Notices.Count > 0);
        Assert.That(alice.Inbox.Frames.Select(frame => TestPeer.NumberOf(frame.Frame)), Is.EqualTo(new[] { 1 }));
        Assert.That(alice.Inbox.Notices.Single().Message, Does.Contain("member 2").And.Contain("checksum"));
        Assert.That(alice.Inbox.UnreachableMembers, Is.EqualTo(new ulong[] { 2 }));
    }

    [Test]
    public async Task A_giant_length_closes_the_connection_before_any_of_it_is_read()
    {
        await using TestPeer alice = TestPeer.Start(1);
        foreach (uint length in (uint[])[(8 << 20) + 1, int.MaxValue, uint.MaxValue])
        {
            await using NetworkStream liar = await alice.DialAsMemberAsync(2);
            var header = new byte[8];
            BinaryPrimitives.WriteUInt32LittleEndian(header, length);
            await liar.WriteAsync(header);

            Assert.That(await PeerNetworkTests.IsClosedAsync(liar));
        }
    }

    [Test]
    public async Task A_member_with_a_lower_limit_says_so_and_goes_on_with_what_is_shorter()
    {
        await using TestPeer alice = TestPeer.Start(1, options => options with { MaxFrameBytes = 1 << 10 });
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        await bob.SendUntilHeard(alice, 1);
        Assert.That(bob.Network.Send(1, TestPeer.Numbered(2, 2 << 10)));
        await bob.Inbox.Until(inbox => inbox.UnreachableMembers.Count > 0);

        await bob.SendUntilHeard(alice, 3);

        Assert.That(alice.Inbox.Frames.Select(frame => TestPeer.NumberOf(frame.Frame)), Has.None.EqualTo(2));
        Assert.That(
            alice.Inbox.Notices.Select(notice => notice.Message),
            Has.Some.Contains("member 2").And.Some.Contains("a frame of 2048 bytes; the longest may have 1024"));
        Assert.That(alice.Network.Send(2, TestPeer.Numbered(4, 2 << 10)), Is.False, "nor does it send what it would not take");
    }

    [Test]
    public async Task A_frame_that_the_inbox_finds_malformed_closes_the_connection_and_the_next_one_is_welcome()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        alice.Inbox.Refuse = frame => frame.Length == 2 ? new MalformedFrameException("two bytes") : null;
        TestPeer.Introduce(alice, bob);
        await bob.SendUntilHeard(alice, 1);
        bob.Network.Send(1, new byte[2]);
        await bob.Inbox.Until(inbox => inbox.UnreachableMembers.Count > 0);

        await bob.SendUntilHeard(alice, 2);

        Assert.That(alice.Inbox.Notices.Any(notice => notice.Message.Contains("two bytes", StringComparison.Ordinal)));
        Assert.That(alice.Network.ReadTraffic().Single().ReceiveFailures, Is.EqualTo(1));
    }

    [Test]
    public async Task An_exception_that_no_peer_explains_is_a_defect_that_the_host_is_told()
    {
        RecordingInbox? seen = null;
        TaskCompletionSource<Exception> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestPeer alice = TestPeer.Start(1, options => options with { OnDefect = defect => told.TrySetResult(defect) });
        seen = alice.Inbox;
        seen.Refuse = _ => new InvalidOperationException("a bug");
        await using NetworkStream stream = await alice.DialAsMemberAsync(2);
        await stream.WriteAsync(TestPeer.Wrap(TestPeer.Numbered(1)));

        Assert.That((await told.Task.WaitAsync(TimeSpan.FromSeconds(20))).Message, Is.EqualTo("a bug"));
        Assert.That(await PeerNetworkTests.IsClosedAsync(stream));
    }

    [Test]
    public async Task Who_introduces_himself_too_slowly_is_hung_up_on()
    {
        await using TestPeer alice = TestPeer.Start(1, options => options with { HandshakeTimeout = TimeSpan.FromMilliseconds(100) });
        await using NetworkStream slow = await alice.DialAsync();
        await slow.WriteAsync("etcdpeer"u8.ToArray());

        Assert.That(await PeerNetworkTests.IsClosedAsync(slow));
    }

    [Test]
    public async Task Connections_beyond_the_limit_are_closed_and_places_become_free_again()
    {
        await using TestPeer alice = TestPeer.Start(1, options => options with { MaxConnections = 2 });
        NetworkStream first = await alice.DialAsMemberAsync(2);
        await using NetworkStream second = await alice.DialAsMemberAsync(3);
        await using NetworkStream third = await alice.DialAsync();
        Assert.That(await PeerNetworkTests.IsClosedAsync(third));

        await first.DisposeAsync();
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        await bob.SendUntilHeard(alice, 1);
    }

    [Test]
    public async Task A_question_out_of_turn_closes_the_connection()
    {
        await using TestPeer alice = TestPeer.Start(1);
        alice.Inbox.Answer = async (request, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return request;
        };
        await using NetworkStream impatient = await alice.DialAsMemberAsync(2, ConnectionKind.Bulk);
        await impatient.WriteAsync(TestPeer.Wrap([1]));
        await impatient.WriteAsync(TestPeer.Wrap([2]));

        Assert.That(await PeerNetworkTests.IsClosedAsync(impatient));
    }

    [Test]
    public async Task Whatever_bytes_come_the_network_goes_on()
    {
        const int seed = 20261122;
        Random random = new(seed);
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        await bob.SendUntilHeard(alice, 0);
        for (int round = 0; round < 200; round++)
        {
            await using NetworkStream hostile = random.Next(2) == 0
                ? await alice.DialAsync()
                : await alice.DialAsMemberAsync(3, (ConnectionKind)random.Next(1, 3));
            byte[] bytes = Hostile(random);
            await WriteAsync(hostile, bytes);
            if (round % 50 == 0)
            {
                await bob.SendUntilHeard(alice, round + 1);
            }
        }

        await bob.SendUntilHeard(alice, 1_000);
        Assert.That(alice.Inbox.Defects, Is.Empty, $"seed {seed}");
        Assert.That(bob.Inbox.UnreachableMembers, Is.Empty, "nobody else's connection suffers");
        Assert.That(alice.Inbox.Notices.Select(notice => notice.Message), Is.Unique, "the same line once a minute");
    }

    private static byte[] Hostile(Random random)
    {
        var noise = new byte[random.Next(1, 3_000)];
        random.NextBytes(noise);
        return random.Next(5) switch
        {
            0 => noise,
            1 => PeerHandshake.Encode(new PeerHello(1, ConnectionKind.Log, TestPeer.Cluster, 3, 1))[..random.Next(48)],
            2 => [.. TestPeer.Wrap(noise), .. noise],
            3 => FrameSamples.Mutate([.. TestPeer.Wrap(noise), .. TestPeer.Wrap(noise)], random),
            _ => "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(),
        };
    }

    private static async Task WriteAsync(NetworkStream stream, byte[] bytes)
    {
        try
        {
            await stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // It has been hung up on before it was done.
        }
    }
}
