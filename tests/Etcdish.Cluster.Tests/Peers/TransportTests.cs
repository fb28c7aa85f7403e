using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>The small parts under the network, alone.</summary>
public class TransportTests
{
    [Test]
    public void Frames_come_out_as_they_went_in_however_the_stream_is_cut([Range(1, 20)] int seed)
    {
        Random random = new(seed);
        byte[][] frames = [.. Enumerable.Range(0, 60).Select(_ => RandomFrame(random))];
        byte[] stream = [.. frames.SelectMany(TestPeer.Wrap)];
        using EnvelopeReader reader = new(new ChoppyStream(stream, random), 300_000);
        List<byte[]> read = [];
        do
        {
            while (reader.TryTake(out ReadOnlyMemory<byte> frame))
            {
                read.Add(frame.ToArray());
            }
        }
        while (reader.FillAsync(CancellationToken.None).AsTask().Result > 0);

        Assert.That(read, Is.EqualTo(frames), $"seed {seed}");
    }

    [Test]
    public void Every_flipped_bit_of_an_envelope_is_noticed()
    {
        byte[] envelope = TestPeer.Wrap("some frame"u8.ToArray());
        for (int bit = 0; bit < 8 * envelope.Length; bit++)
        {
            byte[] damaged = [.. envelope, .. new byte[300]];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            using EnvelopeReader reader = new(new MemoryStream(damaged), 200);
            int read = reader.FillAsync(CancellationToken.None).AsTask().Result;
            Assert.That(read, Is.GreaterThan(208), "any length that is accepted is there");
            Assert.That(() => reader.TryTake(out _), Throws.TypeOf<MalformedFrameException>(), $"bit {bit}");
        }
    }

    [Test]
    public void What_a_header_claims_costs_nothing_before_it_comes()
    {
        byte[] claim = TestPeer.Wrap(new byte[1 << 20])[..5_000];
        using EnvelopeReader reader = new(new MemoryStream(claim), 1 << 30);
        long before = GC.GetAllocatedBytesForCurrentThread();
        while (reader.FillAsync(CancellationToken.None).AsTask().Result > 0)
        {
            Assert.That(reader.TryTake(out _), Is.False);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(200_000));
    }

    [Test]
    public async Task No_signal_is_lost()
    {
        AsyncSignal signal = new();
        const int count = 200_000;
        int produced = 0;
        Task producing = Task.Run(() =>
        {
            for (int i = 0; i < count; i++)
            {
                Interlocked.Increment(ref produced);
                signal.Set();
            }
        });
        while (Volatile.Read(ref produced) < count)
        {
            await signal.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }

        await producing;
    }

    [Test]
    public void An_outbox_gives_everything_at_once_and_counts_what_is_under_way()
    {
        using PeerOutbox outbox = new(maxBytes: 100);
        Assert.That(outbox.TryAdd(new byte[40]) && outbox.TryAdd(new byte[30]));
        Assert.That(outbox.TryAdd(new byte[7]), Is.False, "86 bytes wait; 15 do not fit");
        Assert.That(outbox.TryAdd(new byte[6]));

        ReadOnlyMemory<byte> first = outbox.Take();
        Assert.That(first.Length, Is.EqualTo(100));
        Assert.That(outbox.TryAdd(new byte[1]), Is.False, "nothing has left yet");
        Assert.That(outbox.Take().Length, Is.Zero, "taking says that what was taken before has left");
        Assert.That(outbox.TryAdd(new byte[92]));
        Assert.That(outbox.Close(), Is.EqualTo(1));
        Assert.That(outbox.TryAdd(new byte[1]), Is.False);
        outbox.Open();
        Assert.That(outbox.Take().Length, Is.Zero);
    }

    [Test]
    public void Sending_allocates_nothing()
    {
        using PeerOutbox outbox = new(maxBytes: 1 << 20);
        var frame = new byte[300];
        Fill();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Fill();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Fill()
        {
            for (int round = 0; round < 4; round++)
            {
                for (int i = 0; i < 100; i++)
                {
                    outbox.TryAdd(frame);
                }

                outbox.Take();
            }
        }
    }

    private static byte[] RandomFrame(Random random)
    {
        var frame = new byte[random.Next(4) switch
        {
            0 => random.Next(20),
            1 => random.Next(1_000),
            2 => random.Next(70_000),
            _ => random.Next(300_000),
        }];
        random.NextBytes(frame);
        return frame;
    }

    /// <summary>Gives as much at a time as chance wants.</summary>
    private sealed class ChoppyStream(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int most = random.Next(3) switch
            {
                0 => random.Next(1, 12),
                1 => random.Next(1, 5_000),
                _ => int.MaxValue,
            };
            return base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
        }
    }
}
