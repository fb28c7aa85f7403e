using System.Buffers.Binary;
using System.Text;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>
/// Makes what a client might send on a connection, from chance: lawful conversations of calls, in every form that HTTP/2 allows, and
/// the same ones broken. Depends on nothing but bytes, so that it can be used by whoever throws bytes at the engine.
/// </summary>
/// <param name="path">A unary method that echoes its message.</param>
internal sealed class ConversationMaker(string path)
{
    private const int Data = 0;
    private const int Headers = 1;
    private const int Continuation = 9;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private const byte Padded = 8;
    private const byte Priority = 0x20;

    private static readonly byte[] _preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    /// <summary>A lawful conversation.</summary>
    /// <param name="random">All chance.</param>
    /// <param name="messages">What each stream echoes, by its number.</param>
    /// <returns>The preface, and then one frame after the other.</returns>
    public List<byte[]> Make(Random random, Dictionary<int, byte[]> messages)
    {
        var calls = new List<Queue<byte[]>>();
        int count = random.Next(1, 7);
        for (int i = 0; i < count; i++)
        {
            byte[] message = new byte[random.Next(5) == 0 ? random.Next(40_000) : random.Next(100)];
            random.NextBytes(message);
            int streamId = (2 * i) + 1;
            messages.Add(streamId, message);
            calls.Add(new Queue<byte[]>(Call(random, streamId, message)));
        }

        List<byte[]> frames = [_preface, Frame(4, 0, 0, Settings(random))];

        // Streams must be opened in the order of their numbers; from then on their frames may mix.
        int opened = 0;
        while (calls.Exists(call => call.Count > 0))
        {
            int next = random.Next(Math.Min(opened + 1, calls.Count));
            if (next == opened)
            {
                opened++;
                frames.AddRange(HeaderFrames(calls[next]));
            }
            else if (calls[next].TryDequeue(out byte[]? frame))
            {
                frames.Add(frame);
            }

            if (random.Next(4) == 0)
            {
                frames.Add(Aside(random));
            }
        }

        // Whatever windows the settings left, now they are wide enough.
        frames.Add(Frame(4, 0, 0, Setting(4, 1 << 20)));
        frames.Add(Frame(8, 0, 0, Number(1 << 20)));
        return frames;
    }

    /// <summary>A conversation that is lawful no more, most of the time.</summary>
    public byte[] MakeBroken(Random random)
    {
        List<byte[]> frames = Make(random, []);
        for (int edits = random.Next(1, 5); edits > 0; edits--)
        {
            Break(random, frames);
        }

        byte[] bytes = [.. frames.SelectMany(frame => frame)];
        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    /// <summary>Cuts bytes into pieces as a network might.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Cut(byte[] bytes, Random random)
    {
        int longest = random.Next(4) switch { 0 => 3, 1 => 50, 2 => 5000, _ => bytes.Length + 1 };
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(random.Next(1, longest + 1), bytes.Length - at);
            yield return bytes.AsMemory(at, length);
            at += length;
        }
    }

    private static void Break(Random random, List<byte[]> frames)
    {
        int at = random.Next(1, frames.Count);
        byte[] frame = (byte[])frames[at].Clone();
        frames[at] = frame;
        switch (random.Next(9))
        {
            case 0:
                frame[3] = (byte)random.Next(12);
                break;
            case 1:
                frame[4] = (byte)random.Next(256);
                break;
            case 2:
                frame[8] = (byte)random.Next(16);
                break;
            case 3:
                frame[random.Next(3)] = (byte)random.Next(256);
                break;
            case 4:
                frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 5:
                frames.Insert(random.Next(1, frames.Count), frame);
                break;
            case 6:
                frames.RemoveAt(at);
                break;
            case 7:
                frames.Insert(at, Frame(random.Next(11), random.Next(256), random.Next(14), Bytes(random, 20)));
                break;
            default:
                frames.Insert(at, Frame(3, 0, random.Next(14), Number(8)));
                break;
        }
    }

    /// <summary>The frames that open a stream: HEADERS and its CONTINUATIONs, which must not be parted.</summary>
    private static IEnumerable<byte[]> HeaderFrames(Queue<byte[]> call)
    {
        byte[] frame;
        do
        {
            frame = call.Dequeue();
            yield return frame;
        }
        while ((frame[4] & EndHeaders) == 0);
    }

    private IEnumerable<byte[]> Call(Random random, int streamId, byte[] message)
    {
        byte[] block = Block(random);
        int cut = random.Next(3) == 0 ? random.Next(block.Length) : block.Length;
        yield return Pad(random, Headers, cut == block.Length ? EndHeaders : 0, streamId, block.AsSpan(0, cut));
        if (cut < block.Length)
        {
            int second = random.Next(cut, block.Length);
            yield return Frame(Continuation, 0, streamId, block.AsSpan(cut, second - cut));
            yield return Frame(Continuation, EndHeaders, streamId, block.AsSpan(second));
        }

        byte[] body = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), message.Length);
        message.CopyTo(body, 5);

        // Not too many pieces: each may be followed by a frame aside, and thousands of those are a flood.
        int longest = random.Next(3) == 0 ? random.Next(2, 200) + (body.Length / 50) : 16_000;
        for (int at = 0; at < body.Length;)
        {
            int length = Math.Min(random.Next(1, longest), body.Length - at);
            bool isEnd = at + length == body.Length && random.Next(3) > 0;
            yield return Pad(random, Data, isEnd ? EndStream : 0, streamId, body.AsSpan(at, length));
            at += length;
            if (at == body.Length && !isEnd)
            {
                yield return random.Next(2) == 0
                    ? Frame(Data, EndStream, streamId, [])
                    : Frame(Headers, EndStream | EndHeaders, streamId, Literal(0, "x-end", "1"));
            }
        }
    }

    private byte[] Block(Random random)
    {
        // Entering the table or not; nothing here refers to the table, so that a lost frame does not break what follows.
        int kind = random.Next(3) switch { 0 => 0x40, 1 => 0x10, _ => 0 };
        return
        [
            0x83, 0x86,
            .. Literal(kind, ":path", path), .. Literal(kind, ":authority", "localhost"),
            .. Literal(kind, "content-type", "application/grpc"), .. Literal(0, "te", "trailers"),
            .. Literal(kind, "x-number", random.Next(100_000).ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ];
    }

    private static byte[] Settings(Random random) => random.Next(3) switch
    {
        0 => [],
        1 => Setting(4, random.Next(100_000)),
        _ => [.. Setting(1, 0), .. Setting(3, 100), .. Setting(4, 65_535), .. Setting(99, 1)],
    };

    /// <summary>A frame that belongs to no call.</summary>
    private static byte[] Aside(Random random) => random.Next(7) switch
    {
        0 => Frame(6, 0, 0, Bytes(random, 8)),
        1 => Frame(6, 1, 0, Bytes(random, 8)),
        2 => Frame(8, 0, 0, Number(random.Next(1, 100_000))),
        3 => Frame(2, 0, random.Next(1, 100), Bytes(random, 5)),
        4 => Frame(4, 1, 0, []),
        5 => Frame(4, 0, 0, Setting(4, random.Next(100_000))),
        _ => Frame(random.Next(10, 256), random.Next(256), random.Next(100), new byte[random.Next(100)]),
    };

    private static byte[] Pad(Random random, int kind, int flags, int streamId, ReadOnlySpan<byte> content)
    {
        byte[] priority = [];
        if (kind == Headers && random.Next(3) == 0)
        {
            flags |= Priority;
            priority = [0, 0, 0, 0, 16];
        }

        if (random.Next(3) > 0)
        {
            return Frame(kind, flags, streamId, [.. priority, .. content]);
        }

        byte padding = (byte)random.Next(256);
        return Frame(kind, flags | Padded, streamId, [padding, .. priority, .. content, .. new byte[padding]]);
    }

    private static byte[] Frame(int kind, int flags, int streamId, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = (byte)kind;
        frame[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    private static byte[] Literal(int kind, string name, string value) =>
        [(byte)kind, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] Setting(byte id, int value) => [0, id, .. Number(value)];

    private static byte[] Number(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
