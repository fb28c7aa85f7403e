using System.Buffers;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// Makes of the entries of log files what a reader of the log sees. It is given the bytes as they come, in pieces of any size, and holds
/// nothing but the header of the entry it is in: so neither lines nor files have a length that it could not do.
/// </summary>
/// <remarks>Entries whose header cannot be read are left out, as a kubelet does.</remarks>
internal sealed class LogFormatter
{
    private readonly LogQuery _query;
    private readonly byte[] _header = new byte[EntryHeader.MaxLength];
    private int _headerLength;
    private Part _part;
    private bool _isPartial;
    private bool _isShown;
    private bool _isAtLineStart = true;
    private long _skip;
    private long _left;

    /// <summary>Makes one.</summary>
    /// <param name="query">What is wanted.</param>
    public LogFormatter(LogQuery query)
    {
        _query = query;
        _left = query.LimitBytes ?? long.MaxValue;
    }

    private enum Part
    {
        Header,
        Text,
        Unreadable,
    }

    /// <summary>Whether all bytes that were wanted have been given.</summary>
    public bool IsFull => _left == 0;

    /// <summary>How many lines have come to their end, shown or not.</summary>
    public long Lines { get; private set; }

    /// <summary>So many lines of what comes are not shown.</summary>
    public void Skip(long lines) => _skip = lines;

    /// <summary>What comes is of another file: an entry that has not ended will not.</summary>
    public void StartFile()
    {
        _headerLength = 0;
        _part = Part.Header;
    }

    /// <summary>Takes the next bytes of the log, and writes what is to be seen of them.</summary>
    public void Add(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        while (bytes.Length > 0 && !IsFull)
        {
            bytes = _part switch
            {
                Part.Header => AddHeader(bytes, output),
                Part.Text => AddText(bytes, output),
                _ => DropToEnd(bytes),
            };
        }
    }

    private ReadOnlySpan<byte> AddHeader(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        var taken = Math.Min(bytes.Length, _header.Length - _headerLength);
        var end = bytes[..taken].IndexOf((byte)'\n');
        taken = end < 0 ? taken : end;
        bytes[..taken].CopyTo(_header.AsSpan(_headerLength));
        var known = _headerLength;
        _headerLength += taken;
        if (EntryHeader.TryRead(_header.AsSpan(0, _headerLength), out var header))
        {
            Begin(header, output);
            return bytes[(header.Length - known)..];
        }

        if (end >= 0)
        {
            StartFile();
            return bytes[(end + 1)..];
        }

        _part = _headerLength == _header.Length ? Part.Unreadable : Part.Header;
        return bytes[taken..];
    }

    private void Begin(in EntryHeader header, IBufferWriter<byte> output)
    {
        _part = Part.Text;
        _headerLength = 0;
        _isPartial = header.IsPartial;
        _isShown = _skip == 0 && IsWanted(header);
        if (_isShown && _isAtLineStart && _query.Timestamps)
        {
            Span<byte> time = stackalloc byte[EntryHeader.MaxLength + 10];
            Write(time[..header.CopyTime(time)], output);
        }
    }

    private bool IsWanted(in EntryHeader header)
    {
        if (_query.Streams != LogStreams.All && _query.Streams == LogStreams.Stderr != header.IsStderr)
        {
            return false;
        }

        return _query.Since is not { } since || (header.TryReadTime(out var time) && time >= since);
    }

    private ReadOnlySpan<byte> AddText(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        var end = bytes.IndexOf((byte)'\n');
        var text = end < 0 ? bytes : bytes[..(_isPartial ? end : end + 1)];
        if (_isShown && text.Length > 0)
        {
            Write(text, output);
        }

        if (end < 0)
        {
            return [];
        }

        if (!_isPartial)
        {
            Lines++;
            _skip -= _skip > 0 ? 1 : 0;
        }

        _part = Part.Header;
        return bytes[(end + 1)..];
    }

    private ReadOnlySpan<byte> DropToEnd(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0)
        {
            return [];
        }

        StartFile();
        return bytes[(end + 1)..];
    }

    private void Write(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        text = text.Length > _left ? text[..(int)_left] : text;
        if (text.Length > 0)
        {
            output.Write(text);
            _left -= text.Length;
            _isAtLineStart = text[^1] == '\n';
        }
    }
}
