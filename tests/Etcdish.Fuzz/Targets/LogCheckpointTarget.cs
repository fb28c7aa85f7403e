using System.Buffers;
using System.Buffers.Binary;
using Etcdish.Fuzz.Inputs;
using Etcdish.Log;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// The file around a checkpoint's content: a changed file is passed over, or its content is what was written. Half of the inputs get a
/// good header checksum again, so that the rest of the file is looked at under any header.
/// </summary>
internal sealed class LogCheckpointTarget : IFuzzTarget
{
    private const ulong AppliedIndex = 42;
    private const int HeaderBytes = 64;

    public string Name => "logCheckpoint";

    public byte[] MakeInput(Random random)
    {
        var input = InputMutator.MakeInput(random, MakeValid);
        if (random.Next(2) == 0 && input.Length >= HeaderBytes)
        {
            input = (byte[])input.Clone();
            BinaryPrimitives.WriteUInt32LittleEndian(input.AsSpan(60), Store.Crc32C.Compute(input.AsSpan(0, 60)));
        }

        return input;
    }

    public long MostAllocatedBytes(byte[] input) => (64 << 10) + 16L * input.Length;

    public bool Accepts(byte[] input)
    {
        var disk = new MemoryDisk();
        disk.Add(CheckpointFormat.FileName(AppliedIndex), input);
        var lookup = new CheckpointStore(MemoryDisk.Directory, Options(disk)).OpenNewest();
        using var checkpoint = lookup.Newest;
        if (checkpoint is null)
        {
            return lookup.Damaged.Count == 1 && lookup.Damaged[0].Offset <= input.Length
                ? false
                : throw new ContractException("a damaged checkpoint is not reported");
        }

        long content = 0;
        while (checkpoint.TryReadBlock(out var block))
        {
            content += block.Length;
        }

        return content == checkpoint.ContentBytes && content < input.Length
            ? true
            : throw new ContractException($"{content} bytes of content, {checkpoint.ContentBytes} were announced");
    }

    private static byte[] MakeValid(Random random)
    {
        var disk = new MemoryDisk();
        new CheckpointStore(MemoryDisk.Directory, Options(disk)).Write(
            AppliedIndex,
            new LogPosition(1, 64),
            writer =>
            {
                for (var items = random.Next(5); items > 0; items--)
                {
                    writer.Write(InputMutator.RandomBytes(random, 100));
                }
            });
        return disk.Contents[0].Value;
    }

    private static LogOptions Options(MemoryDisk disk) => new() { Disk = disk, ClusterId = 7, MemberId = 9, Salt = 5 };
}
