using Etcdish.Fuzz.Inputs;
using Etcdish.Log;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// A whole log whose files were damaged after a clean stop: opening and replaying it either refuses with a documented exception or yields
/// records from the front of what was written, none changed. Inputs are <see cref="Edits"/>.
/// </summary>
internal sealed class LogFolderTarget : IFuzzTarget
{
    private const int Records = 300;

    private readonly List<KeyValuePair<string, byte[]>> _files;
    private readonly List<byte[]> _contents;
    private readonly List<byte[]> _payloads = [];

    public LogFolderTarget()
    {
        var disk = new MemoryDisk();
        var random = new Random(4);
        using (var log = Open(disk))
        {
            log.Recover(LogPosition.Beginning);
            for (var i = 0; i < Records; i++)
            {
                var payload = InputMutator.RandomBytes(random, 600);
                _payloads.Add(payload);
                log.Append(1, (ulong)i, 1, payload);
                if (random.Next(3) == 0 || i == Records - 1)
                {
                    log.Commit();
                }
            }
        }

        _files = [.. disk.Contents.Where(file => !file.Key.EndsWith(".new", StringComparison.Ordinal))];
        _contents = [.. _files.Select(file => file.Value)];
    }

    public string Name => "logFolder";

    public byte[] MakeInput(Random random) => Edits.MakeInput(random, _contents);

    // Copies of the files, buffers as long as a segment, and a new segment when the last one was cut off.
    public long MostAllocatedBytes(byte[] input) => 4 << 20;

    public bool Accepts(byte[] input)
    {
        var disk = new MemoryDisk();
        var damaged = Edits.Apply(input, _contents);
        for (var i = 0; i < damaged.Length; i++)
        {
            disk.Add(_files[i].Key, damaged[i]);
        }

        try
        {
            using var log = Open(disk);
            Check(log.Replay(LogPosition.Beginning));
            return true;
        }
        catch (Exception refusal) when (refusal is LogDamagedException or LogIdentityException)
        {
            return false;
        }
    }

    private static SegmentedLog Open(MemoryDisk disk) => SegmentedLog.Open(
        MemoryDisk.Directory,
        new LogOptions { Disk = disk, SegmentBytes = LogOptions.MinSegmentBytes, PrepareInBackground = false, ClusterId = 7, MemberId = 9, Salt = 5 });

    private void Check(IEnumerable<LogRecord> records)
    {
        var count = 0;
        foreach (var record in records)
        {
            if (count == Records || record.Index != (ulong)count || !record.Bytes.Span.SequenceEqual(_payloads[count]))
            {
                throw new ContractException($"record {count} is not the one that was written");
            }

            count++;
        }
    }
}
