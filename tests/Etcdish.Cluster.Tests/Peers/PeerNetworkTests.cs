using System.Net;
using System.Net.Sockets;
using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Frames between members over loopback: order, loss, return, limits.</summary>
public class PeerNetworkTests
{
    [Test]
    public async Task Frames_arrive_whole_and_in_order_in_both_directions()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        const int count = 20_000;
        Random random = new(3);
        for (int number = 0; number < count; number++)
        {
            Assert.That(alice.Network.Send(2, TestPeer.Numbered(number, 8 + random.Next(400))));
            Assert.That(bob.Network.Send(1, TestPeer.Numbered(number)));
        }

        await Task.WhenAll(Heard(alice, bob), Heard(bob, alice));

        static async Task Heard(TestPeer from, TestPeer to)
        {
            await to.Inbox.Until(inbox => inbox.Frames.Count == count);
            Assert.That(to.Inbox.Frames.Select(frame => frame.From), Is.All.EqualTo(from.Id));
            Assert.That(to.Inbox.Frames.Select(frame => TestPeer.NumberOf(frame.Frame)), Is.EqualTo(Enumerable.Range(0, count)));
            Assert.That(to.Inbox.Frames.All(frame => BitConverter.ToInt32(frame.Frame, 4) == frame.Frame.Length));
        }
    }

    [Test]
    public async Task Large_and_small_frames_keep_their_order()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        int[] sizes = [8, 8 << 20, 8, 70_000, (8 << 20) - 8, 9, 1 << 20, 12];
        for (int number = 0; number < sizes.Length; number++)
        {
            byte[] frame = TestPeer.Numbered(number, sizes[number]);
            frame.AsSpan(8).Fill((byte)(number + 1));
            while (!alice.Network.Send(2, frame))
            {
                int before = number;
                await bob.Inbox.Until(inbox => inbox.Frames.Count >= before - 1);
            }
        }

        await bob.Inbox.Until(inbox => inbox.Frames.Count == sizes.Length);
        Assert.That(bob.Inbox.Frames.Select(frame => frame.Frame.Length), Is.EqualTo(sizes));
        Assert.That(
            bob.Inbox.Frames.Select((frame, number) => frame.Frame.AsSpan(8).IndexOfAnyExcept((byte)(number + 1))),
            Is.All.EqualTo(-1));
    }

    [Test]
    public async Task A_member_that_restarts_is_dialled_again()
    {
        await using TestPeer alice = TestPeer.Start(1);
        TestPeer bob = TestPeer.Start(2);
        string url = bob.Url;
        TestPeer.Introduce(alice, bob);
        await alice.SendUntilHeard(bob, 1);

        await bob.DisposeAsync();
        await alice.Inbox.Until(inbox => inbox.UnreachableMembers.Contains(2ul));
        await using TestPeer again = TestPeer.Start(2, options => options with { ListenUrls = [url] });
        await alice.SendUntilHeard(again, 2);

        Assert.That(
            again.Inbox.Frames.Select(frame => TestPeer.NumberOf(frame.Frame)), Is.All.EqualTo(2), "nothing from before its return");
        Assert.That(alice.Network.ReadTraffic().Single().Disconnects, Is.EqualTo(1));
    }

    [Test]
    public async Task A_full_outbox_refuses_the_newest_and_slows_nobody_else_down()
    {
        await using TestPeer alice = TestPeer.Start(1, options => options with { MaxFrameBytes = 64 << 10, MaxOutboxBytes = 1 << 20 });
        await using TestPeer bob = TestPeer.Start(2);
        await using TestPeer carol = TestPeer.Start(3);
        TestPeer.Introduce(alice, bob, carol);
        bob.Inbox.Gate.Reset();
        List<int> accepted = [];
        int number = 0;
        for (; number - accepted.Count < 100; number++)
        {
            if (alice.Network.Send(2, TestPeer.Numbered(number, 64 << 10)))
            {
                accepted.Add(number);
            }

            Assert.That(number, Is.LessThan(100_000), "what is not read must fill the socket, then the outbox");
        }

        await alice.SendUntilHeard(carol, 7);
        long failures = alice.Network.ReadTraffic().Single(peer => peer.Member == 2).SendFailures;
        bob.Inbox.Gate.Set();
        await bob.Inbox.Until(inbox => inbox.Frames.Count == accepted.Count);

        Assert.That(failures, Is.EqualTo(100));
        Assert.That(bob.Inbox.Frames.Select(frame => TestPeer.NumberOf(frame.Frame)), Is.EqualTo(accepted));
        Assert.That(bob.Inbox.UnreachableMembers, Is.Empty);
        await alice.SendUntilHeard(bob, number + 1);
    }

    [Test]
    public async Task A_frame_that_is_too_long_is_refused_by_the_sender_and_an_empty_one_is_an_error()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);

        Assert.That(alice.Network.Send(2, new byte[(8 << 20) + 1]), Is.False);
        Assert.That(() => alice.Network.Send(2, default), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(alice.Network.Send(3, new byte[10]), Is.False, "nobody has that id");
    }

    [Test]
    public async Task A_member_that_reads_nothing_is_hung_up_on()
    {
        using Socket deaf = new(SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        deaf.Listen(10);
        await using TestPeer alice = TestPeer.Start(1, options => options with { WriteTimeout = TimeSpan.FromMilliseconds(300) });
        alice.Network.SetMembers([new PeerAddress(2, [$"http://127.0.0.1:{((IPEndPoint)deaf.LocalEndPoint!).Port}"])], []);
        using Socket connection = await deaf.AcceptAsync();
        NetworkStream stream = new(connection);
        await stream.ReadExactlyAsync(new byte[PeerHandshake.HelloBytes]);
        await stream.WriteAsync(PeerHandshake.Encode(PeerRefusal.None));
        while (alice.Network.Send(2, new byte[1 << 20]))
        {
            // Until socket and outbox are full.
        }

        await alice.Inbox.Until(inbox => inbox.UnreachableMembers.Count > 0);
        Assert.That(alice.Network.ReadTraffic().Single().SendFailures, Is.GreaterThan(10));
    }

    [Test]
    public async Task The_end_of_a_connection_is_noticed_though_nothing_is_sent()
    {
        using TcpListener fickle = new(IPAddress.Loopback, 0);
        fickle.Start();
        await using TestPeer alice = TestPeer.Start(1, options => options with { PingInterval = TimeSpan.FromHours(1) });
        alice.Network.SetMembers([new PeerAddress(2, [$"http://{fickle.LocalEndpoint}"])], []);
        for (int round = 1; round <= 20; round++)
        {
            using (Socket connection = await fickle.AcceptSocketAsync())
            {
                NetworkStream stream = new(connection);
                await stream.ReadExactlyAsync(new byte[PeerHandshake.HelloBytes]);
                await stream.WriteAsync(PeerHandshake.Encode(PeerRefusal.None));
            }

            await alice.Inbox.Until(inbox => inbox.UnreachableMembers.Count >= round);
        }
    }

    [Test]
    public async Task All_addresses_of_both_versions_are_listened_on_when_that_is_asked_for()
    {
        await using TestPeer alice = TestPeer.Start(1, options => options with { ListenUrls = ["http://[::]:0"] });
        await using TestPeer bob = TestPeer.Start(2);
        foreach (string host in (string[])["127.0.0.1", "[::1]"])
        {
            bob.Network.SetMembers([new PeerAddress(1, [$"http://{host}:{alice.Port}"])], []);
            await bob.SendUntilHeard(alice, host.Length);
        }
    }

    [Test]
    public async Task Connections_that_break_anywhere_leave_only_gaps_and_every_gap_is_announced([Values(1, 2, 3)] int seed)
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        await using CuttingProxy proxy = new(bob.Port, seed);
        alice.Network.SetMembers([new PeerAddress(2, [proxy.Url])], []);
        Random random = new(seed);
        int number = 0;
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(1));
        while (proxy.Cuts < 30)
        {
            for (int burst = random.Next(50); burst > 0; burst--)
            {
                number += alice.Network.Send(2, TestPeer.Numbered(number + 1, random.Next(8, 2_000))) ? 1 : 0;
            }

            await pace.WaitForNextTickAsync();
        }

        proxy.IsHonest = true;
        await alice.SendUntilHeard(bob, int.MaxValue);
        CheckStory([.. bob.Inbox.Story], seed);
        Assert.That(alice.Inbox.UnreachableMembers.Count, Is.GreaterThanOrEqualTo(30));
    }

    [Test]
    public async Task The_second_URL_of_a_member_is_tried_and_names_are_resolved()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        alice.Network.SetMembers([new PeerAddress(2, [$"http://127.0.0.1:{ClosedPort()}", $"http://localhost:{bob.Port}"])], []);

        await alice.SendUntilHeard(bob, 1);
    }

    [Test]
    public async Task A_member_that_moves_is_dialled_where_it_is_and_one_that_leaves_no_more()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        await using TestPeer moved = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        await alice.SendUntilHeard(bob, 1);

        alice.Network.SetMembers([moved.Address], []);
        await alice.SendUntilHeard(moved, 2);
        Assert.That(bob.Inbox.Frames.Any(frame => TestPeer.NumberOf(frame.Frame) == 2), Is.False);

        alice.Network.SetMembers([], []);
        Assert.That(alice.Network.Send(2, TestPeer.Numbered(3)), Is.False);
        await moved.Inbox.Until(inbox => inbox.UnreachableMembers.Contains(1ul));
        Assert.That(() => alice.Network.SetMembers([new PeerAddress(2, ["ftp://host:1"])], []), Throws.ArgumentException);
    }

    [Test]
    public async Task The_newer_of_two_connections_of_a_member_takes_the_place_of_the_older_one()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using NetworkStream first = await alice.DialAsMemberAsync(2);
        await first.WriteAsync(TestPeer.Wrap(TestPeer.Numbered(1)));
        await alice.Inbox.Until(inbox => inbox.Frames.Count == 1);

        await using NetworkStream second = await alice.DialAsMemberAsync(2);
        Assert.That(await IsClosedAsync(first));
        await second.WriteAsync(TestPeer.Wrap(TestPeer.Numbered(2)));
        await alice.Inbox.Until(inbox => inbox.Frames.Count == 2);

        Assert.That(alice.Inbox.UnreachableMembers, Is.EqualTo(new ulong[] { 2 }), "what was on its way in the first one may be lost");
        Assert.That(alice.Inbox.Notices, Is.Empty);
    }

    [Test]
    public async Task A_newer_connection_waits_until_the_inbox_has_done_with_the_older_one()
    {
        await using TestPeer alice = TestPeer.Start(1);
        alice.Inbox.Gate.Reset();
        await using NetworkStream first = await alice.DialAsMemberAsync(2);
        await first.WriteAsync(TestPeer.Wrap(TestPeer.Numbered(1)));
        await using NetworkStream second = await alice.DialAsync();
        await second.WriteAsync(PeerHandshake.Encode(new PeerHello(PeerHandshake.Version, ConnectionKind.Log, TestPeer.Cluster, 2, 1)));
        await second.WriteAsync(TestPeer.Wrap(TestPeer.Numbered(2)));
        Task<PeerRefusal> welcome = TestPeer.ReadAnswerAsync(second);
        Assert.That(await IsClosedAsync(first));
        Assert.That(welcome.IsCompleted, Is.False);

        alice.Inbox.Gate.Set();
        await alice.Inbox.Until(inbox => inbox.Frames.Count == 2);

        Assert.That(alice.Inbox.Frames.Select(frame => TestPeer.NumberOf(frame.Frame)), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(await welcome, Is.EqualTo(PeerRefusal.None));
    }

    [Test]
    public async Task Traffic_and_round_trips_are_measured()
    {
        await using TestPeer alice = TestPeer.Start(1);
        await using TestPeer bob = TestPeer.Start(2);
        TestPeer.Introduce(alice, bob);
        await alice.SendUntilHeard(bob, 1);
        await alice.Inbox.Until(inbox => inbox.RoundTrips.Count >= 2);

        PeerTraffic sent = alice.Network.ReadTraffic().Single();
        PeerTraffic received = bob.Network.ReadTraffic().Single();
        Assert.That((sent.Member, sent.IsActive, received.Member), Is.EqualTo((2ul, true, 1ul)));
        Assert.That(sent.SentBytes, Is.GreaterThanOrEqualTo(16));
        Assert.That(received.ReceivedBytes, Is.GreaterThanOrEqualTo(16));
        Assert.That(alice.Inbox.RoundTrips, Is.All.InRange(TimeSpan.Zero, TimeSpan.FromSeconds(10)));
    }

    [Test]
    public async Task Disposing_ends_dials_writes_and_waits_and_can_be_repeated()
    {
        using Socket silent = new(SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(10);
        TestPeer alice = TestPeer.Start(1, options => options with { HandshakeTimeout = TimeSpan.FromMinutes(1) });
        TestPeer bob = TestPeer.Start(2, options => options with { WriteTimeout = TimeSpan.FromMinutes(1) });
        TestPeer carol = TestPeer.Start(3);
        carol.Inbox.Gate.Reset();
        alice.Network.SetMembers([new PeerAddress(9, [$"http://127.0.0.1:{((IPEndPoint)silent.LocalEndPoint!).Port}"])], []);
        bob.Network.SetMembers([carol.Address, new PeerAddress(8, [$"http://127.0.0.1:{ClosedPort()}"])], []);
        while (bob.Network.Send(3, new byte[1 << 20]))
        {
            // Until socket and outbox are full.
        }

        Task<ReadOnlyMemory<byte>> asking = alice.Network.AskAsync(9, new byte[10], CancellationToken.None).AsTask();
        await using NetworkStream halfHello = await alice.DialAsync();
        await halfHello.WriteAsync("etcdpee"u8.ToArray());

        await alice.DisposeAsync();
        await bob.DisposeAsync();
        await carol.DisposeAsync();
        await alice.Network.DisposeAsync();

        Assert.That(async () => await asking, Throws.TypeOf<PeerAskException>());
        Assert.That(alice.Network.Send(9, new byte[1]), Is.False);
        Assert.That(() => alice.Network.SetMembers([], []), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(async () => await bob.Network.AskAsync(3, new byte[1], CancellationToken.None), Throws.TypeOf<PeerAskException>());
    }

    [Test]
    public async Task A_port_that_is_taken_and_options_out_of_range_are_errors()
    {
        using Socket taken = new(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen(1);
        string url = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}";

        Assert.That(
            () => TestPeer.Start(1, options => options with { ListenUrls = ["http://127.0.0.1:0", url] }),
            Throws.InstanceOf<IOException>());
        await using TestPeer alice = TestPeer.Start(1);
        Assert.That(() => TestPeer.Start(1, options => options with { ListenUrls = [alice.Url] }), Throws.InstanceOf<IOException>());
        Assert.That(() => TestPeer.Start(1, options => options with { ListenUrls = ["https://127.0.0.1:0"] }), Throws.ArgumentException);
        Assert.That(() => TestPeer.Start(1, options => options with { ListenUrls = ["http://example.com:0"] }), Throws.ArgumentException);
        Assert.That(() => TestPeer.Start(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => TestPeer.Start(1, options => options with { MaxOutboxBytes = options.MaxFrameBytes }),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static void CheckStory(int?[] story, int seed)
    {
        int last = 0;
        bool isAnnounced = true;
        int gaps = 0;
        foreach (int? heard in story.TakeWhile(heard => heard != int.MaxValue))
        {
            if (heard is { } number)
            {
                Assert.That(number, Is.GreaterThan(last), $"seed {seed}: order");
                Assert.That(number == last + 1 || isAnnounced, $"seed {seed}: a gap from {last} to {number} that nobody announced");
                gaps += number == last + 1 ? 0 : 1;
                last = number;
            }

            isAnnounced = heard is null;
        }

        Assert.That(gaps, Is.GreaterThan(3), $"seed {seed}: cuts without losses test nothing");
    }

    internal static async Task<bool> IsClosedAsync(Stream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(10)) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static int ClosedPort()
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
