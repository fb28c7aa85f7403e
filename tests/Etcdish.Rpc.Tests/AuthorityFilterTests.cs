using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Etcdish.Rpc.Tests;

/// <summary>The filter as a reader of bytes: what comes out is what went in, but for the authority, however the bytes are cut.</summary>
public class AuthorityFilterTests
{
    private static readonly byte[] _settings = Frame(4, 0, 0, [0, 3, 0, 0, 0, 100]);

    private static readonly byte[] _url = Headers(1, ModelHpack.Literal(ModelHpack.Indexing, 1, "http://db:2379", isHuffman: true));
    private static readonly byte[] _host = Headers(1, ModelHpack.Literal(ModelHpack.Indexing, 1, "db:2379", isHuffman: false));
    private static readonly byte[] _indexed = Headers(3, ModelHpack.Indexed(62));
    private static readonly byte[] _data = Frame(0, 1, 1, [1, 2, 3]);

    [Test]
    public async Task A_stream_cut_anywhere_gives_the_same_frames()
    {
        byte[] sent = [.. RawHttp2Client.Preface, .. _settings, .. _url, .. _data, .. _indexed, .. _url];
        byte[] expected = [.. RawHttp2Client.Preface, .. _settings, .. _host, .. _data, .. _indexed, .. _host];
        for (int cut = 0; cut <= sent.Length; cut++)
        {
            Connection connection = new();
            await connection.SendAsync(sent.AsMemory(0, cut));
            byte[] first = connection.Available();
            await connection.SendAsync(sent.AsMemory(cut));
            await connection.Sender.CompleteAsync();

            Assert.That((byte[])[.. first, .. await connection.ReadToEndAsync()], Is.EqualTo(expected), $"cut at {cut}");
        }
    }

    [Test]
    public async Task Random_frames_in_random_chunks_keep_all_but_the_authority([Range(1, 200)] int seed)
    {
        var random = new Random(seed);
        byte[] sent = RandomConnection(random);
        Connection connection = new(pauseAt: random.Next(20_000, 100_000));
        Task sending = SendInChunksAsync(connection, sent, random.Next());
        byte[] received = await connection.ReadToEndAsync(random);
        await sending;

        string[] expected = Describe(sent);
        string? firstHeaders = expected.FirstOrDefault(frame => frame.StartsWith("1 ", StringComparison.Ordinal));
        if (firstHeaders?.Contains(" #1 = http://", StringComparison.Ordinal) != true)
        {
            Assert.That(received, Is.EqualTo(sent), $"seed {seed}");
            return;
        }

        Assert.That(Describe(received), Is.EqualTo(expected.Select(WithHost)), $"seed {seed}");
    }

    [Test]
    public async Task After_headers_in_order_it_steps_aside_even_from_a_URL()
    {
        Connection connection = new();
        await connection.SendAsync((byte[])[.. RawHttp2Client.Preface, .. _settings, .. _host, .. _data, .. _url]);

        Assert.That(connection.Available(), Is.EqualTo((byte[])[.. RawHttp2Client.Preface, .. _settings, .. _host]));
        Assert.That(connection.Filter.IsAside);
        Assert.That(connection.Available(), Is.EqualTo((byte[])[.. _data, .. _url]));
    }

    [Test]
    public async Task With_a_URL_it_stays()
    {
        Connection connection = new();
        await connection.SendAsync((byte[])[.. RawHttp2Client.Preface, .. _settings, .. _url, .. _indexed, .. _url]);

        Assert.That(connection.Available(), Is.EqualTo((byte[])[.. RawHttp2Client.Preface, .. _settings, .. _host, .. _indexed, .. _host]));
        Assert.That(connection.Filter.IsAside, Is.False);
    }

    [Test]
    public async Task Settings_are_not_held_back_but_headers_are_until_they_are_whole()
    {
        Connection connection = new();
        await connection.SendAsync((byte[])[.. RawHttp2Client.Preface, .. _settings]);
        Assert.That(connection.Available(), Is.EqualTo((byte[])[.. RawHttp2Client.Preface, .. _settings]));

        ValueTask<ReadResult> waiting = connection.Filter.ReadAsync();
        await connection.SendAsync(_host.AsMemory(0, _host.Length - 1));
        Assert.That(waiting.IsCompleted, Is.False);
        await connection.SendAsync(_host.AsMemory(_host.Length - 1));

        Assert.That((await waiting).Buffer.ToArray(), Is.EqualTo(_host));
    }

    [Test]
    public async Task Headers_over_the_limit_go_through_as_they_come()
    {
        Connection connection = new();
        byte[] start = [.. RawHttp2Client.Preface, 0, 0x40, 1, 1, 4, 0, 0, 0, 1, .. new byte[100]];
        await connection.SendAsync(start);

        Assert.That(connection.Available(), Is.EqualTo(start));
    }

    [Test]
    public async Task A_reader_may_leave_the_first_headers_in_place_and_ask_for_more()
    {
        Connection connection = new();
        byte[] sent = [.. RawHttp2Client.Preface, .. _host, .. _data];
        await connection.SendAsync(sent);
        ReadResult first = await connection.Filter.ReadAsync();
        connection.Filter.AdvanceTo(first.Buffer.Start, first.Buffer.End);

        ReadResult second = await connection.Filter.ReadAsync();

        Assert.That(second.Buffer.ToArray(), Is.EqualTo(sent));
        connection.Filter.AdvanceTo(second.Buffer.End);
        Assert.That(connection.Filter.IsAside);
    }

    [Test]
    public async Task Cancelling_wakes_a_reader_on_both_paths([Values] bool isAside)
    {
        Connection connection = new();
        await connection.SendAsync((byte[])[.. RawHttp2Client.Preface, .. isAside ? _host : _url]);
        connection.Available();
        ValueTask<ReadResult> waiting = connection.Filter.ReadAsync();
        connection.Filter.CancelPendingRead();

        ReadResult cancelled = await waiting;
        connection.Filter.AdvanceTo(cancelled.Buffer.Start, cancelled.Buffer.End);
        await connection.SendAsync(_data);

        Assert.That(cancelled.IsCanceled);
        Assert.That(connection.Available(), Is.EqualTo(_data));
    }

    [Test]
    public async Task A_failure_of_the_transport_and_the_end_of_the_reader_are_passed_on([Values] bool isAside)
    {
        Connection connection = new();
        await connection.SendAsync((byte[])[.. RawHttp2Client.Preface, .. isAside ? _host : _url]);
        connection.Available();
        await connection.Sender.CompleteAsync(new IOException("reset"));

        await Assert.ThrowsAsync<IOException>(async () => await connection.Filter.ReadAsync());
        await connection.Filter.CompleteAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await connection.Filter.ReadAsync());
    }

    private static async Task SendInChunksAsync(Connection connection, byte[] sent, int seed)
    {
        var random = new Random(seed);
        for (int at = 0; at < sent.Length;)
        {
            int count = Math.Min(sent.Length - at, random.Next(3) == 0 ? random.Next(1, 4) : random.Next(1, 3000));
            await connection.SendAsync(sent.AsMemory(at, count));
            at += count;
        }

        await connection.Sender.CompleteAsync();
    }

    private static byte[] RandomConnection(Random random)
    {
        List<byte> sent = [.. RawHttp2Client.Preface, .. _settings];
        for (int frames = random.Next(30); frames > 0; frames--)
        {
            byte[] payload = new byte[random.Next(2000)];
            random.NextBytes(payload);
            sent.AddRange(random.Next(4) switch
            {
                0 => Frame(8, 0, 0, [0, 0, 1, 0]),
                1 => sent.Count > 200 ? Frame(0, 0, 1, payload) : Frame(6, 0, 0, payload.AsSpan(0, Math.Min(8, payload.Length)).ToArray()),
                2 => Headers(random.Next(100), HeaderBlockTests.RandomFields(random)),
                _ => Headers(random.Next(100), [.. _url.AsSpan(9), .. HeaderBlockTests.RandomFields(random)]),
            });
        }

        // The client may leave in the middle of a frame.
        return random.Next(4) == 0 ? [.. sent, 0, 0, 200, 1, 4, 0, 0] : [.. sent];
    }

    private static byte[] Headers(int stream, byte[] block) => Frame(1, 4, stream, block);

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = [0, 0, 0, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        return frame;
    }

    /// <summary>One line a frame: its type, flags, stream, and its header fields or its payload.</summary>
    private static string[] Describe(byte[] bytes)
    {
        List<string> frames = [];
        Assert.That(bytes.AsSpan(0, RawHttp2Client.Preface.Length).SequenceEqual(RawHttp2Client.Preface));
        int at = RawHttp2Client.Preface.Length;
        while (at + 9 <= bytes.Length)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at)) >>> 8;
            ReadOnlySpan<byte> payload = bytes.AsSpan(at + 9, length);
            string content = bytes[at + 3] == 1 ? string.Join('\n', ModelHpack.Describe(payload)) : Convert.ToHexString(payload);
            frames.Add($"{bytes[at + 3]} {bytes[at + 4]} {BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 5))}\n{content}");
            at += 9 + length;
        }

        return [.. frames, Convert.ToHexString(bytes.AsSpan(at))];
    }

    private static string WithHost(string frame) => string.Join('\n', frame.Split('\n').Select(HeaderBlockTests.WithHost));

    /// <summary>A transport with the filter on its reading side.</summary>
    private sealed class Connection
    {
        public Connection(long pauseAt = 1 << 20)
        {
            Pipe transport = new(new PipeOptions(null, null, null, pauseAt, pauseAt / 2, useSynchronizationContext: false));
            Sender = transport.Writer;
            Filter = new AuthorityFilter(transport.Reader);
        }

        public PipeWriter Sender { get; }

        public AuthorityFilter Filter { get; }

        public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await Sender.WriteAsync(bytes);

        /// <summary>What one read gives without waiting, consumed.</summary>
        public byte[] Available()
        {
            ValueTask<ReadResult> read = Filter.ReadAsync();
            if (!read.IsCompleted)
            {
                Filter.CancelPendingRead();
            }

            ReadOnlySequence<byte> buffer = read.AsTask().GetAwaiter().GetResult().Buffer;
            byte[] bytes = buffer.ToArray();
            Filter.AdvanceTo(buffer.End);
            return bytes;
        }

        /// <summary>Reads until the end; with a random source it consumes and examines only parts of what it gets.</summary>
        public async Task<byte[]> ReadToEndAsync(Random? random = null)
        {
            List<byte> received = [];
            while (true)
            {
                ReadResult read = await Filter.ReadAsync();
                int length = (int)read.Buffer.Length;
                int consumed = random is null || read.IsCompleted ? length : random.Next(length + 1);
                int examined = random is null ? length : random.Next(consumed, length + 1);
                received.AddRange(read.Buffer.Slice(0, consumed).ToArray());
                Filter.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.GetPosition(examined));
                if (read.IsCompleted)
                {
                    return [.. received];
                }
            }
        }
    }
}
