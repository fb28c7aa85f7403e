using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>A member with a network and an inbox that records.</summary>
internal sealed class TestPeer : IAsyncDisposable
{
    public const ulong Cluster = 0xc1;

    private TestPeer(ulong id, PeerNetwork network, RecordingInbox inbox)
    {
        Id = id;
        Network = network;
        Inbox = inbox;
    }

    public ulong Id { get; }

    public PeerNetwork Network { get; }

    public RecordingInbox Inbox { get; }

    public string Url => Network.ListenUrls[0];

    public int Port => PeerUrl.Parse(Url).Port;

    public PeerAddress Address => new(Id, [Url]);

    public static TestPeer Start(ulong id, Func<PeerNetworkOptions, PeerNetworkOptions>? change = null)
    {
        RecordingInbox inbox = new();
        PeerNetworkOptions options = new()
        {
            MemberId = id,
            ClusterId = Cluster,
            ListenUrls = ["http://127.0.0.1:0"],
            Random = new Random((int)id),
            OnDefect = inbox.Defect,
            OnNotice = inbox.Tell,
            OnRoundTrip = inbox.RoundTrip,
            MaxFrameBytes = 8 << 20,
            MaxOutboxBytes = 16 << 20,
            MinBackoff = TimeSpan.FromMilliseconds(1),
            MaxBackoff = TimeSpan.FromMilliseconds(50),
            PingInterval = TimeSpan.FromMilliseconds(20),
        };
        return new TestPeer(id, PeerNetwork.Start(change?.Invoke(options) ?? options, inbox), inbox);
    }

    /// <summary>Makes members know each other.</summary>
    public static void Introduce(params TestPeer[] peers)
    {
        PeerAddress[] all = [.. peers.Select(peer => peer.Address)];
        foreach (TestPeer peer in peers)
        {
            peer.Network.SetMembers(all, []);
        }
    }

    /// <summary>A frame with a number, of at least eight bytes.</summary>
    public static byte[] Numbered(int number, int bytes = 8)
    {
        var frame = new byte[bytes];
        BinaryPrimitives.WriteInt32LittleEndian(frame, number);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), bytes);
        return frame;
    }

    public static int NumberOf(byte[] frame) => BinaryPrimitives.ReadInt32LittleEndian(frame);

    /// <summary>Sends a frame again and again, until one of them has arrived: after a break the first ones may be lost.</summary>
    public async Task SendUntilHeard(TestPeer other, int number)
    {
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(5));
        Task heard = other.Inbox.Until(inbox => inbox.Frames.Any(frame => frame.From == Id && NumberOf(frame.Frame) == number));
        while (!heard.IsCompleted)
        {
            Network.Send(other.Id, Numbered(number));
            await again.WaitForNextTickAsync();
        }

        await heard;
    }

    /// <summary>A plain socket to this member's port.</summary>
    public async Task<NetworkStream> DialAsync()
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port));
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>A plain socket to this member's port that has introduced itself and been welcomed.</summary>
    public async Task<NetworkStream> DialAsMemberAsync(ulong from, ConnectionKind kind = ConnectionKind.Log)
    {
        NetworkStream stream = await DialAsync();
        await stream.WriteAsync(PeerHandshake.Encode(new PeerHello(PeerHandshake.Version, kind, Cluster, from, Id)));
        Assert.That(await ReadAnswerAsync(stream), Is.EqualTo(PeerRefusal.None));
        return stream;
    }

    public static async Task<PeerRefusal> ReadAnswerAsync(Stream stream)
    {
        var answer = new byte[PeerHandshake.AnswerBytes];
        await stream.ReadExactlyAsync(answer);
        return PeerHandshake.DecodeAnswer(answer);
    }

    public static byte[] Wrap(byte[] frame)
    {
        var envelope = new byte[Envelope.HeaderBytes + frame.Length];
        Envelope.WriteLength(envelope, frame.Length);
        frame.CopyTo(envelope, Envelope.HeaderBytes);
        Envelope.Seal(envelope);
        return envelope;
    }

    public async ValueTask DisposeAsync()
    {
        Inbox.Gate.Set();
        await Network.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(Inbox.Defects, Is.Empty);
        Inbox.Dispose();
    }
}
