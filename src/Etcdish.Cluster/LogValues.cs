using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>Values as the store sees them, read from the log and checked on each read.</summary>
/// <param name="log">Where the values lie.</param>
internal sealed class LogValues(SegmentedLog log) : IValueSource
{
    public void Read(in ValueReference reference, Span<byte> destination)
    {
        if (destination.Length == 0)
        {
            return;
        }

        log.Read(reference.Segment, reference.Offset, destination);
        if (Etcdish.Store.Crc32C.Compute(destination) != reference.Checksum)
        {
            throw new DamagedValueException(
                $"the {reference.Length} bytes at offset {reference.Offset} of log segment {reference.Segment} do not match their checksum",
                reference.Segment,
                reference.Offset);
        }
    }

    public ReadScope EnterRead() => new(this, log.EnterRead());

    public void ExitRead(int token) => log.ExitRead(token);
}
