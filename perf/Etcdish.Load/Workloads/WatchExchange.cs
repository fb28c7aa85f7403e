using System.Buffers.Binary;
using Etcdish.Load.Http2;
using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Load.Workloads;

/// <summary>
/// Many watchers of one key over a few streams. Each event carries the time of its put in the first eight bytes of its value, so an
/// event's latency counts from before the put was sent.
/// </summary>
internal sealed class WatchExchange : IExchange
{
    private const string Path = "/etcdserverpb.Watch/Watch";
    private const int CreatedTag = 3 << 3;
    private const int CanceledTag = 4 << 3;
    private const int EventsTag = (11 << 3) | 2;
    private const int EventKvTag = (2 << 3) | 2;
    private const int ValueTag = (5 << 3) | 2;

    private readonly LoadRun _run;
    private readonly WatchRounds _rounds;
    private readonly byte[] _create;
    private readonly int[] _watchersOfStream;
    private int _createdInBatch;
    private int _eventsInBatch;

    public WatchExchange(LoadRun run, WatchRounds rounds, ByteString key, int[] watchersOfStream)
    {
        _run = run;
        _rounds = rounds;
        _create = new WatchRequest { CreateRequest = new WatchCreateRequest { Key = key } }.ToByteArray();
        _watchersOfStream = watchersOfStream;
    }

    public Tally Tally { get; } = new();

    public void Begin(LeanConnection connection)
    {
        for (int slot = 0; slot < _watchersOfStream.Length; slot++)
        {
            for (int i = 0; i < _watchersOfStream[slot]; i++)
            {
                if (i == 0)
                {
                    connection.Open(slot, Path, _create, endStream: false);
                }
                else
                {
                    connection.Send(slot, _create, endStream: false);
                }
            }
        }
    }

    public void OnMessage(LeanConnection connection, int slot, ReadOnlySpan<byte> message)
    {
        WireReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Tag)
            {
                case CreatedTag:
                    _createdInBatch++;
                    break;
                case CanceledTag:
                    Tally.AddError("a watch was cancelled");
                    break;
                case EventsTag:
                    TakeEvent(connection, reader.Bytes);
                    break;
            }
        }
    }

    public void OnEnd(LeanConnection connection, int slot, int status, string text)
    {
        string error = $"stream ended, status {status}: {Uri.UnescapeDataString(text)}";
        Tally.AddError(error);
        _rounds.Fail(new IOException(error));
    }

    public bool OnBatchEnd(LeanConnection connection)
    {
        _rounds.Report(_createdInBatch, _eventsInBatch);
        _createdInBatch = 0;
        _eventsInBatch = 0;
        return true;
    }

    private void TakeEvent(LeanConnection connection, ReadOnlySpan<byte> wire)
    {
        WireReader reader = new(wire);
        while (reader.Next())
        {
            if (reader.Tag == EventKvTag)
            {
                TakeKeyValue(connection, reader.Bytes);
            }
        }
    }

    private void TakeKeyValue(LeanConnection connection, ReadOnlySpan<byte> wire)
    {
        WireReader reader = new(wire);
        while (reader.Next())
        {
            if (reader.Tag == ValueTag)
            {
                _eventsInBatch++;
                if (_run.Measuring)
                {
                    long putAt = BinaryPrimitives.ReadInt64BigEndian(reader.Bytes);
                    Tally.Latencies.Record(LoadRun.NanosecondsBetween(putAt, connection.Now));
                }
            }
        }
    }
}
