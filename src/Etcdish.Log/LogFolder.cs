using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Etcdish.Log;

/// <summary>Takes stock of a data folder before anything of the log is read, and lays out a new one.</summary>
internal static class LogFolder
{
    internal static DurableMark OpenMark(IDisk disk, string directory, LogOptions options)
    {
        disk.SyncDirectory(directory);
        IReadOnlyList<string> names = disk.List(directory);
        DeleteUnfinished(disk, directory, names);
        if (!names.Contains(DurableMark.FileName))
        {
            return names.Any(name => LogFormat.TryParseSegmentName(name, out _))
                ? throw new LogDamagedException(Path.Combine(directory, DurableMark.FileName), 0, "the file is missing, segments exist")
                : DurableMark.Create(disk, directory, new LogIdentity(options.ClusterId, options.MemberId, options.Salt ?? NewSalt()));
        }

        var mark = DurableMark.Open(disk, directory);
        if (Differs(options.ClusterId, mark.Identity.ClusterId) || Differs(options.MemberId, mark.Identity.MemberId))
        {
            mark.Dispose();
            throw new LogIdentityException(
                $"{directory} belongs to member {mark.Identity.MemberId:x} of cluster {mark.Identity.ClusterId:x}, "
                + $"not to member {options.MemberId:x} of cluster {options.ClusterId:x}");
        }

        return mark;
    }

    internal static void OpenSegments(IDisk disk, string directory, DurableMark mark, SegmentTable segments)
    {
        var files = new List<(uint Number, string Path, IDiskFile File)>();
        try
        {
            foreach (var name in disk.List(directory))
            {
                if (LogFormat.TryParseSegmentName(name, out var number))
                {
                    var path = Path.Combine(directory, name);
                    files.Add((number, path, disk.Open(path)));
                }
            }

            MakeTrustworthy(files);
            foreach ((var number, var path, IDiskFile file) in files)
            {
                SegmentHeader? header = ReadHeader(file, mark.Identity, number, path);
                segments.Add(new Segment(number, path, file, header?.SegmentBytes ?? file.Length, header));
            }
        }
        catch
        {
            files.ForEach(opened => opened.File.Dispose());
            throw;
        }
    }

    // What a crashed predecessor left only in the page cache is made durable before a byte of it is believed. If its last sync had failed,
    // the cache may hold clean pages that the device never got, so the end of the log is then read from the device: the last segment, and
    // the one before, which a batch may have begun in.
    private static void MakeTrustworthy(List<(uint Number, string Path, IDiskFile File)> files)
    {
        for (var i = 0; i < files.Count; i++)
        {
            files[i].File.Sync();
            if (i + 2 >= files.Count)
            {
                files[i].File.RereadFromDevice();
            }
        }
    }

    private static SegmentHeader? ReadHeader(IDiskFile file, LogIdentity identity, uint number, string path)
    {
        Span<byte> bytes = stackalloc byte[LogFormat.SegmentHeaderBytes];
        bytes.Clear();
        _ = file.Read(bytes, 0);
        SegmentHeader? header = LogFormat.ReadSegmentHeader(bytes, path);
        CheckIdentity(header, identity, number, path);
        CheckSize(header, file.Length, path);
        return header;
    }

    /// <summary>
    /// Whether the creation of the log never came to its end: nothing was ever marked durable, and there is at most a first segment
    /// without header and without frames.
    /// </summary>
    internal static bool IsNew(DurableMark mark, SegmentTable segments)
    {
        if (mark.EverWritten || segments.Highest > 1)
        {
            return false;
        }

        Segment? first = segments.Find(1);
        return first is null
            || (first.Header is null && !SegmentReader.AnyLaterBatch(first, mark.Identity.Salt, LogFormat.SegmentHeaderBytes, bad: 0));
    }

    internal static Segment CreateFirstSegment(IDisk disk, string directory, SegmentPreparer preparer, SegmentTable segments)
    {
        IDiskFile file = preparer.Take(1);
        var path = Path.Combine(directory, LogFormat.SegmentName(1));
        disk.Rename(preparer.TemporaryPath(1), path);
        disk.SyncDirectory(directory);
        var segment = new Segment(1, path, file, file.Length, header: null);
        segments.Add(segment);
        return segment;
    }

    internal static void WriteFirstHeader(Segment segment, DurableMark mark)
    {
        LogIdentity identity = mark.Identity;
        var chain = LogFormat.FirstChain(identity.Salt);
        var header = new SegmentHeader(identity, 1, FirstSequence: 0, PreviousEnd: 0, chain, (uint)segment.Bytes);
        Span<byte> bytes = stackalloc byte[LogFormat.SegmentHeaderBytes];
        LogFormat.WriteSegmentHeader(bytes, header);
        segment.File.Write(bytes, 0);
        segment.File.Sync();
        segment.Header = header;
        mark.Write(new DurableEnd(LogPosition.Beginning, Sequence: 0, header.Chain));
        mark.Sync();
    }

    // Left behind by a crash between making a file and giving it its name; nothing refers to them.
    private static void DeleteUnfinished(IDisk disk, string directory, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (name.EndsWith(SegmentPreparer.Suffix, StringComparison.Ordinal) || name.EndsWith(".tmp", StringComparison.Ordinal))
            {
                disk.Delete(Path.Combine(directory, name));
            }
        }
    }

    private static void CheckIdentity(SegmentHeader? header, LogIdentity identity, uint number, string path)
    {
        if (header is { } found && (found.Identity != identity || found.Number != number))
        {
            throw new LogIdentityException(
                $"{path} is segment {found.Number} of member {found.Identity.MemberId:x} of cluster {found.Identity.ClusterId:x} "
                + "from another log than the rest of this folder");
        }
    }

    // A segment has its full size, durably, before it gets its name.
    private static void CheckSize(SegmentHeader? header, long length, string path)
    {
        if (header is { } found && length < found.SegmentBytes)
        {
            throw new LogDamagedException(path, length, $"the file ends here, it was made with {found.SegmentBytes} bytes");
        }
    }

    private static bool Differs(ulong wanted, ulong found) => wanted != 0 && wanted != found;

    private static ulong NewSalt()
    {
        Span<byte> salt = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(salt);
        return BinaryPrimitives.ReadUInt64LittleEndian(salt);
    }
}
