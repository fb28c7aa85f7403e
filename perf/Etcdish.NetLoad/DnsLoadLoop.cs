using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.NetLoad;

/// <summary>Keeps a number of questions on their way: each answer is followed by the next question.</summary>
internal sealed class DnsLoadLoop
{
    private const int Questions = 4096;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[][] _queries;
    private readonly long[] _sent = new long[Questions];
    private readonly int _window;

    public DnsLoadLoop(int port, Func<int, byte[]> make, int window)
    {
        _queries = [.. Enumerable.Range(0, Questions).Select(make)];
        for (var i = 0; i < Questions; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_queries[i], (ushort)i);
        }

        _window = window;
        _socket.ReceiveTimeout = 1000;
        _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
    }

    /// <summary>Asks for so long.</summary>
    public (long Answers, TimeSpan Elapsed, double Median, double P99) Run(TimeSpan duration)
    {
        var reply = new byte[4096];
        List<long> times = new(1 << 20);
        var (began, next, answers) = (Stopwatch.GetTimestamp(), 0, 0L);
        for (; next < _window; next++)
        {
            Send(next);
        }

        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var length = _socket.Receive(reply);
            Check(reply.AsSpan(0, length));
            times.Add(Stopwatch.GetTimestamp() - _sent[BinaryPrimitives.ReadUInt16BigEndian(reply)]);
            answers++;
            Send(next++);
        }

        var elapsed = Stopwatch.GetElapsedTime(began);
        for (var left = _window; left > 0; left--)
        {
            _socket.Receive(reply);
        }

        times.Sort();
        return (answers, elapsed, Microseconds(times[times.Count / 2]), Microseconds(times[times.Count * 99 / 100]));
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private void Send(int number)
    {
        _sent[number % Questions] = Stopwatch.GetTimestamp();
        _socket.Send(_queries[number % Questions]);
    }

    private static void Check(ReadOnlySpan<byte> reply)
    {
        var header = DnsHeader.Read(reply);
        var code = (ResponseCode)(header.Flags & DnsHeader.CodeMask);
        if (code == ResponseCode.NoError ? header.Answers == 0 : code != ResponseCode.NameError || header.Authorities == 0)
        {
            throw new InvalidOperationException($"an answer that is none: {code}, {header.Answers} records");
        }
    }
}
