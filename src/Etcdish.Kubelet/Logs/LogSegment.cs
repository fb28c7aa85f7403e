using System.Globalization;
using System.IO.Compression;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// A file of a container's log. The log that is written is <c>0.log</c>; one that was rotated away is <c>0.log.20260101-000000</c>, named
/// after the moment, and later <c>0.log.20260101-000000.gz</c>.
/// </summary>
/// <param name="Log">The path of the log that is written.</param>
/// <param name="Stamp">The moment of a rotated file; empty: it is the one that is written.</param>
/// <param name="IsCompressed">Whether the file is compressed.</param>
internal readonly record struct LogSegment(string Log, string Stamp, bool IsCompressed)
{
    /// <summary>What ends the name of a compressed file.</summary>
    public const string CompressedSuffix = ".gz";

    /// <summary>What ends the name of a file that is being made.</summary>
    public const string TemporarySuffix = ".tmp";

    private const string StampFormat = "yyyyMMdd-HHmmss";

    /// <summary>Whether it is the file that is written.</summary>
    public bool IsCurrent => Stamp.Length == 0;

    /// <summary>The file's path.</summary>
    public string Path => IsCurrent ? Log : $"{Log}.{Stamp}{(IsCompressed ? CompressedSuffix : "")}";

    /// <summary>When it was rotated away, to the second; null: it was not.</summary>
    public DateTimeOffset? RotatedAt => ParseStamp(Stamp);

    /// <summary>The stamp of a moment.</summary>
    public static string StampOf(DateTimeOffset time) => time.UtcDateTime.ToString(StampFormat, CultureInfo.InvariantCulture);

    /// <summary>The moment of a stamp; null: it is none.</summary>
    public static DateTimeOffset? ParseStamp(string stamp) =>
        DateTimeOffset.TryParseExact(stamp, StampFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    /// <summary>The files of a log that were rotated away, the oldest first. Each once, also while it is being compressed.</summary>
    /// <param name="log">The path of the log that is written.</param>
    public static List<LogSegment> ListRotated(string log)
    {
        var found = new SortedDictionary<string, bool>(StringComparer.Ordinal);
        foreach (var path in ListBeside(log))
        {
            var stamp = path[(log.Length + 1)..];
            var isCompressed = stamp.EndsWith(CompressedSuffix, StringComparison.Ordinal);
            stamp = isCompressed ? stamp[..^CompressedSuffix.Length] : stamp;
            if (ParseStamp(stamp) is not null)
            {
                // A file beside its compressed form is about to go: the other is complete and stays.
                found[stamp] = isCompressed || found.GetValueOrDefault(stamp);
            }
        }

        return [.. found.Select(file => new LogSegment(log, file.Key, file.Value))];
    }

    /// <summary>The paths of all files that belong to a log beside the one that is written, also of those that are being made.</summary>
    public static IReadOnlyList<string> ListBeside(string log)
    {
        var folder = System.IO.Path.GetDirectoryName(log)!;
        var options = new EnumerationOptions { MatchType = MatchType.Simple, AttributesToSkip = FileAttributes.None };
        return Directory.Exists(folder) ? Directory.GetFiles(folder, System.IO.Path.GetFileName(log) + ".*", options) : [];
    }

    /// <summary>Deletes all files of a log.</summary>
    public static void DeleteAll(string log)
    {
        if (Directory.Exists(System.IO.Path.GetDirectoryName(log)))
        {
            Array.ForEach([log, .. ListBeside(log)], File.Delete);
        }
    }

    /// <summary>Opens it, in the other form if it has just been compressed; null: it is gone.</summary>
    public LogFile? Open()
    {
        if (IsCurrent)
        {
            return LogFile.TryOpen(Path, isCompressed: false);
        }

        var plain = $"{Log}.{Stamp}";
        return (IsCompressed ? null : LogFile.TryOpen(plain, isCompressed: false))
            ?? LogFile.TryOpen(plain + CompressedSuffix, isCompressed: true);
    }

    /// <summary>Reads a compressed file.</summary>
    public static Stream Decompress(FileStream file) => new GZipStream(file, CompressionMode.Decompress);
}
