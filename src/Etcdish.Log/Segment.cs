namespace Etcdish.Log;

/// <summary>An open segment file.</summary>
internal sealed class Segment(uint number, string path, IDiskFile file, long bytes, SegmentHeader? header) : IDisposable
{
    internal uint Number { get; } = number;

    internal string Path { get; } = path;

    internal IDiskFile File { get; } = file;

    /// <summary>Full size of the segment, also when the file was cut short.</summary>
    internal long Bytes { get; } = bytes;

    /// <summary>Null until the header is written, and when what is there is not a header.</summary>
    internal SegmentHeader? Header { get; set; } = header;

    /// <summary>End of the last committed frame, as far as this process has looked; 0 when it has not.</summary>
    internal uint UsedBytes { get; set; }

    public void Dispose() => File.Dispose();
}
