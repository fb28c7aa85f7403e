using System.Buffers.Binary;
using Etcdish.Fuzz.Inputs;
using Etcdish.Store;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// The store's checkpoint, mostly with its checksums made good again: refused with <see cref="InvalidDataException"/>, or a store that
/// answers, and whose own checkpoint loads.
/// </summary>
internal sealed class StoreCheckpointTarget : IFuzzTarget
{
    private const int FrameHeadBytes = 8;

    public string Name => "storeCheckpoint";

    public byte[] MakeInput(Random random)
    {
        var input = InputMutator.MakeInput(random, MakeValid);
        if (random.Next(8) != 0)
        {
            input = (byte[])input.Clone();
            RepairChecksums(input);
        }

        return input;
    }

    // The number of keys in the head may reserve memory ahead of them, up to a limit.
    public long MostAllocatedBytes(byte[] input) => (20 << 20) + 1024L * input.Length;

    public bool Accepts(byte[] input)
    {
        using var values = new SampleStore(new Random(0), keys: 1, changes: 1);
        using var store = TryLoad(input, values);
        if (store is null)
        {
            return false;
        }

        var all = store.Range(new RangeRequest { Key = "\0"u8.ToArray(), RangeEnd = "\0"u8.ToArray() });
        if (all.Count != store.KeyCount || all.Revisions.Count != store.KeyCount)
        {
            throw new ContractException($"{all.Count} of {store.KeyCount} keys are found");
        }

        using var again = TryLoad(SampleStore.CheckpointOf(store), values)
            ?? throw new ContractException("the checkpoint of what was loaded does not load");
        return again.KeyCount == store.KeyCount && again.CurrentRevision == store.CurrentRevision
            ? true
            : throw new ContractException("the checkpoint of what was loaded holds something else");
    }

    private static byte[] MakeValid(Random random)
    {
        using var sample = new SampleStore(random, keys: 5, changes: random.Next(1, 20));
        return SampleStore.CheckpointOf(sample.Store);
    }

    private static RevisionStore? TryLoad(byte[] checkpoint, IValueSource values)
    {
        var store = new RevisionStore(values, new StoreOptions());
        try
        {
            var loader = store.BeginLoad();
            loader.Add(checkpoint);
            loader.Complete();
            return store;
        }
        catch (InvalidDataException)
        {
            store.Dispose();
            return null;
        }
    }

    private static void RepairChecksums(Span<byte> bytes)
    {
        while (bytes.Length >= FrameHeadBytes)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            if (length > bytes.Length - FrameHeadBytes)
            {
                return;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], Crc32C.Compute(bytes.Slice(FrameHeadBytes, (int)length)));
            bytes = bytes[(FrameHeadBytes + (int)length)..];
        }
    }
}
