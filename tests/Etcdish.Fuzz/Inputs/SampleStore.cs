using System.Buffers;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Inputs;

/// <summary>A small store with something of everything: versions, tombstones, leases, alarms, a compaction.</summary>
internal sealed class SampleStore : IValueSource, IDisposable
{
    private readonly List<byte[]> _payloads = [];
    private ulong _index;

    public SampleStore(Random random, int keys, int changes)
    {
        Store = new RevisionStore(this, new StoreOptions());
        Apply(EntryKind.LeaseGrant, new Protos.LeaseGrantRequest { ID = 0x7001, TTL = 5000 });
        for (var i = 0; i < changes; i++)
        {
            Change(random, ByteString.CopyFromUtf8($"key{random.Next(keys)}"));
        }

        Apply(EntryKind.Compact, new Protos.CompactionRequest { Revision = 1 + random.NextInt64(Store.CurrentRevision) });
        Apply(EntryKind.Alarm, new Protos.AlarmRequest
        {
            Action = Protos.AlarmRequest.Types.AlarmAction.Activate,
            Alarm = Protos.AlarmType.Nospace,
            MemberID = 9,
        });
    }

    public RevisionStore Store { get; }

    public void Read(in ValueReference reference, Span<byte> destination) =>
        _payloads[(int)reference.Segment].AsSpan((int)reference.Offset, reference.Length).CopyTo(destination);

    public ReadScope EnterRead() => default;

    public void ExitRead(int token)
    {
    }

    public void Dispose() => Store.Dispose();

    /// <summary>The store's checkpoint.</summary>
    public static byte[] CheckpointOf(RevisionStore store)
    {
        using var checkpoint = store.CaptureCheckpoint();
        var output = new ArrayBufferWriter<byte>();
        checkpoint.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    private void Change(Random random, ByteString key)
    {
        switch (random.Next(5))
        {
            case 0:
                Apply(EntryKind.DeleteRange, new Protos.DeleteRangeRequest { Key = key });
                break;
            case 1:
                Apply(EntryKind.Put, new Protos.PutRequest { Key = key, Lease = 0x7001 });
                break;
            default:
                Apply(EntryKind.Put, new Protos.PutRequest { Key = key, Value = RandomMessages.Bytes(random, 100) });
                break;
        }
    }

    private void Apply(EntryKind kind, IMessage request)
    {
        _payloads.Add(request.ToByteArray());
        var result = Store.Apply(new StoreEntry(++_index, 1, kind, _payloads[^1], (uint)_payloads.Count - 1, 0));
        if (result.Error is { } error)
        {
            throw new InvalidOperationException($"the sample's {kind} was refused: {error}");
        }
    }
}
