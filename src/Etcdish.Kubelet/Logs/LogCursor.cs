using System.Buffers;
using System.IO.Pipelines;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// A way through a log, from where its wanted part begins: file by file, and then along with whoever writes, also when the file is rotated
/// away under the reader. It holds one file open, and a block of it in memory. For one thread at a time.
/// </summary>
internal sealed class LogCursor : IAsyncDisposable
{
    private const int BlockBytes = 32 * 1024;

    // A runtime may write the last lines to the old file after it has opened the new one, or after it has told that the container ended.
    private static readonly TimeSpan _settling = TimeSpan.FromMilliseconds(200);

    private readonly FolderWatch _watch;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly string _log;
    private readonly LogQuery _query;
    private readonly LogFormatter _formatter;
    private readonly Queue<LogSegment> _older;
    private readonly FolderSignal? _changes;
    private LogFile? _current;
    private LogFile? _file;

    // Of the file that is being read: when it was rotated away, as far as is known; empty: it was not.
    private string _stamp = "";
    private long _left = long.MaxValue;
    private bool _isDone;

    internal LogCursor(
        FolderWatch watch, TimeProvider clock, Action<string> warn, string log, LogQuery query, Queue<LogSegment> older, LogFile? current)
    {
        (_watch, _clock, _warn, _log, _query, _older, _current) = (watch, clock, warn, log, query, older, current);
        _formatter = new LogFormatter(query);
        _changes = query.Follow ? _watch.Watch(Path.GetDirectoryName(log)!) : null;
    }

    /// <summary>Writes what is wanted, until all of it was written, or the other side reads no more.</summary>
    /// <param name="output">Takes it; while it is full nothing is read.</param>
    /// <param name="ended">Completes when the container writes no more; followed logs end then.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task CopyAsync(PipeWriter output, Task ended, CancellationToken cancellation)
    {
        ended.GetAwaiter().OnCompleted(() => _changes?.Set());
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (!_isDone)
            {
                // Asked before what is there is read: what was written before the end is read after it.
                var hasEnded = ended.IsCompleted;
                await DrainAsync(buffer, output, cancellation);
                if (_isDone || await TryGoOnAsync(buffer, output, cancellation))
                {
                    continue;
                }

                if (_changes is null)
                {
                    return;
                }

                if (hasEnded)
                {
                    await SettleAsync(buffer, output, cancellation);
                    return;
                }

                await _changes.WaitAsync(cancellation);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _changes?.Dispose();
        await CloseAsync();
        if (_current is not null)
        {
            await _current.DisposeAsync();
        }
    }

    /// <summary>Opens the first file, at a place.</summary>
    /// <param name="offset">The place, in a file that is not compressed.</param>
    /// <param name="lines">Or so many lines behind the beginning.</param>
    internal async Task StartAsync(long offset, long lines)
    {
        _formatter.Skip(lines);
        if (await TryOpenNextAsync() && offset > 0)
        {
            _file!.Seek(offset);
            _left -= _left == long.MaxValue ? 0 : offset;
        }
    }

    /// <summary>Writes what there is of the file.</summary>
    private async Task DrainAsync(byte[] buffer, PipeWriter output, CancellationToken cancellation)
    {
        while (_file is not null && _left > 0 && !_isDone)
        {
            var read = await ReadAsync(buffer.AsMemory(0, (int)Math.Min(_left, BlockBytes)), cancellation);
            if (read == 0)
            {
                return;
            }

            _left -= _left == long.MaxValue ? 0 : read;
            _formatter.Add(buffer.AsSpan(0, read), output);
            _isDone = (await output.FlushAsync(cancellation)).IsCompleted || _formatter.IsFull;
        }
    }

    private async Task<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            return await _file!.ReadAsync(buffer, cancellation);
        }
        catch (InvalidDataException e) when (_file!.IsCompressed)
        {
            _warn($"logs: the rest of {_log}.{_stamp}{LogSegment.CompressedSuffix} is damaged and is left out: {e.Message}");
            return 0;
        }
    }

    private async Task SettleAsync(byte[] buffer, PipeWriter output, CancellationToken cancellation)
    {
        await Task.Delay(_settling, _clock, cancellation);
        await DrainAsync(buffer, output, cancellation);
    }

    /// <summary>At the end of a file: goes on to the next one. False: there is none yet.</summary>
    private async Task<bool> TryGoOnAsync(byte[] buffer, PipeWriter output, CancellationToken cancellation)
    {
        if (_older.Count > 0 || _current is not null)
        {
            return await TryOpenNextAsync();
        }

        if (_changes is null)
        {
            return false;
        }

        if (_stamp.Length == 0 && _file is not null)
        {
            if (!IsSucceeded(_file, out var stamp))
            {
                return false;
            }

            await SettleAsync(buffer, output, cancellation);
            _stamp = stamp;
        }

        return !_isDone && await TryFollowAsync();
    }

    /// <summary>Whether another file has the name by now under which this one was opened.</summary>
    private bool IsSucceeded(LogFile file, out string stamp)
    {
        var logName = Path.GetFileName(_log);
        var name = file.CurrentName(out var isDeleted);
        stamp = name == logName ? "" : name[(logName.Length + 1)..];
        return (isDeleted || stamp.Length > 0) && File.Exists(_log);
    }

    /// <summary>Opens the file that was begun when the last one was rotated away.</summary>
    private async Task<bool> TryFollowAsync()
    {
        var next = LogSegment.ListRotated(_log).Find(segment => string.CompareOrdinal(segment.Stamp, _stamp) > 0);
        var segment = _stamp.Length > 0 && next.Log is not null ? next : new LogSegment(_log, "", false);
        if (segment.Open() is not { } file)
        {
            return false;
        }

        await UseAsync(file, segment.Stamp);
        return true;
    }

    private async Task<bool> TryOpenNextAsync()
    {
        while (_older.TryDequeue(out var segment))
        {
            if (segment.Open() is { } file)
            {
                await UseAsync(file, segment.Stamp);
                return true;
            }
        }

        if (_current is null)
        {
            return false;
        }

        await UseAsync(_current, "");
        _current = null;

        // Who does not follow has a reader's end: a writer that is faster than he must not keep him for ever.
        _left = _query.Follow ? long.MaxValue : _file!.Length;
        return true;
    }

    private async Task UseAsync(LogFile file, string stamp)
    {
        await CloseAsync();
        _formatter.StartFile();
        (_file, _stamp) = (file, stamp);
    }

    private async Task CloseAsync()
    {
        if (_file is not null)
        {
            await _file.DisposeAsync();
            _file = null;
        }
    }
}
