using System.Buffers;

namespace Etcdish.Store;

/// <summary>Writes the payloads of <see cref="EntryKind.Import"/> entries: a head, then items of its part.</summary>
public static class ImportEncoder
{
    /// <summary>Bytes before the first item.</summary>
    public const int HeadBytes = ImportFormat.HeadBytes;

    /// <summary>Begins a payload.</summary>
    /// <param name="part">What follows.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void WriteHead(ImportPart part, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var span = output.GetSpan(ImportFormat.HeadBytes);
        span[0] = ImportFormat.Version;
        span[1] = (byte)part;
        output.Advance(ImportFormat.HeadBytes);
    }

    /// <summary>Most bytes that a version can take.</summary>
    /// <param name="version">The version.</param>
    public static long MaxSizeOf(in ImportedVersion version) =>
        (long)version.Key.Length + version.Value.Length + (7 * ImportFormat.MaxVarintBytes);

    /// <summary>Adds a version to a payload of <see cref="ImportPart.Versions"/>.</summary>
    /// <param name="version">The version.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Write(in ImportedVersion version, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        WriteNumber(version.ModRevision, output);
        WriteNumber(((long)version.SubRevision << 1) | (version.IsTombstone ? 1L : 0L), output);
        WriteBytes(version.Key.Span, output);
        if (version.IsTombstone)
        {
            return;
        }

        WriteNumber(version.CreateRevision, output);
        WriteNumber(version.Version, output);
        WriteNumber(version.Lease, output);
        WriteBytes(version.Value.Span, output);
    }

    /// <summary>Adds a lease to a payload of <see cref="ImportPart.Leases"/>.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Write(LeaseInfo lease, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        WriteNumber(lease.Id, output);
        WriteNumber(lease.GrantedTtl, output);
        WriteNumber(lease.RemainingTtl, output);
    }

    /// <summary>Fills a payload of <see cref="ImportPart.End"/>.</summary>
    /// <param name="end">The end.</param>
    /// <param name="output">Receives the bytes.</param>
    public static void Write(ImportEnd end, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(end);
        ArgumentNullException.ThrowIfNull(output);
        WriteNumber(end.Revision, output);
        WriteNumber(end.CompactedRevision, output);
        WriteNumber(end.Versions, output);
        WriteNumber(end.Leases, output);
        foreach (var alarm in end.Alarms)
        {
            WriteNumber((long)alarm.MemberId, output);
            WriteNumber((long)alarm.Type, output);
        }
    }

    private static void WriteNumber(long number, IBufferWriter<byte> output) =>
        output.Advance(ProtoFields.WriteVarint(output.GetSpan(ImportFormat.MaxVarintBytes), (ulong)number));

    private static void WriteBytes(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        WriteNumber(bytes.Length, output);
        output.Write(bytes);
    }
}
