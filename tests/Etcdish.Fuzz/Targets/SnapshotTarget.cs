using System.Buffers.Binary;
using Etcdish.Fuzz.Inputs;
using Etcdish.Server.Snapshot;
using Etcdish.Server.Snapshot.Bolt;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// The reader of etcd's snapshots, without the checksum over the file: everything is read, or refused with
/// <see cref="InvalidDataException"/>. Inputs are <see cref="Edits"/>; those with an odd first byte get sound meta pages again.
/// </summary>
internal sealed class SnapshotTarget : IFuzzTarget
{
    private const int MetaChecksumOffset = 56;

    private readonly byte[][] _file;

    public SnapshotTarget()
    {
        using var sample = new SampleStore(new Random(8), keys: 60, changes: 500);
        using var state = new RevisionStoreSnapshot(sample.Store, sample, []);
        var bytes = new MemoryStream();
        foreach (var blob in new EtcdSnapshotWriter(state).WriteBlobs())
        {
            bytes.Write(blob.Bytes.Span);
        }

        _file = [bytes.ToArray()];
    }

    public string Name => "snapshot";

    public byte[] MakeInput(Random random)
    {
        var input = Edits.MakeInput(random, _file);
        if (input.Length > 0)
        {
            input[0] = (byte)random.Next(2);
        }

        return input;
    }

    public long MostAllocatedBytes(byte[] input) => 32L * _file[0].Length;

    public bool Accepts(byte[] input)
    {
        var file = Edits.Apply(input, _file)[0];
        if (input.Length > 0 && input[0] % 2 == 1)
        {
            RepairMetas(file);
        }

        try
        {
            ReadAll(file);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static void ReadAll(byte[] file)
    {
        using var snapshot = new EtcdSnapshotReader(new MemoryStream(file), skipChecksum: true);
        var revisions = snapshot.OpenRevisions();
        for (var changes = 0; revisions.MoveNext(); changes++)
        {
            if (changes > file.Length)
            {
                throw new ContractException($"{changes} changes in {file.Length} bytes");
            }
        }

        _ = snapshot.ReadLeases().Count();
        _ = snapshot.ReadAlarms().Count();
        _ = snapshot.IsAuthEnabled;
        _ = SnapshotStatus.Of(snapshot);
    }

    private static void RepairMetas(byte[] file)
    {
        for (var page = 0; page < BoltFormat.MetaPages && (page + 1) * BoltFormat.PageSize <= file.Length; page++)
        {
            var meta = file.AsSpan(page * BoltFormat.PageSize + BoltFormat.PageHeaderSize, BoltFormat.MetaSize);
            BinaryPrimitives.WriteUInt64LittleEndian(meta[MetaChecksumOffset..], BoltFormat.Fnv1a(meta[..MetaChecksumOffset]));
        }
    }
}
