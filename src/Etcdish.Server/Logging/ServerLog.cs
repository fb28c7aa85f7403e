using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Etcdish.Server.Logging;

/// <summary>
/// The server's log. Callers never wait: lines go into a bounded queue that one task writes out, and when an output stalls (a full pipe, a
/// dead terminal) further lines are dropped and counted, and the count is logged when the output moves again.
/// </summary>
internal sealed class ServerLog : IAsyncDisposable
{
    private const int QueuedLinesLimit = 4096;

    private static readonly TimeSpan _flushPatience = TimeSpan.FromSeconds(2);

    private readonly Channel<byte[]> _lines;
    private readonly Stream[] _outputs;
    private readonly LogLevel _leastLevel;
    private readonly bool _isConsole;
    private readonly TimeProvider _clock;
    private readonly Task _writer;
    private long _dropped;

    /// <summary>Starts a log that writes to streams, which it owns.</summary>
    public ServerLog(IReadOnlyList<Stream> outputs, LogLevel leastLevel, bool isConsole, TimeProvider clock)
    {
        _outputs = [.. outputs];
        _leastLevel = leastLevel;
        _isConsole = isConsole;
        _clock = clock;
        var options = new BoundedChannelOptions(QueuedLinesLimit) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true };
        _lines = Channel.CreateBounded<byte[]>(options, _ => Interlocked.Increment(ref _dropped));
        _writer = Task.Run(WriteLinesAsync);
    }

    /// <summary>Lines dropped since the last report of drops.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Whether lines of this level are written.</summary>
    public bool IsEnabled(LogLevel level) => level >= _leastLevel;

    public void Debug(
        string message, ReadOnlySpan<LogField> fields = default, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Write(LogLevel.Debug, message, fields, file, line);

    public void Info(
        string message, ReadOnlySpan<LogField> fields = default, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Write(LogLevel.Info, message, fields, file, line);

    public void Warn(
        string message, ReadOnlySpan<LogField> fields = default, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Write(LogLevel.Warn, message, fields, file, line);

    public void Error(
        string message, ReadOnlySpan<LogField> fields = default, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Write(LogLevel.Error, message, fields, file, line);

    /// <summary>Logs why the process is about to end; the caller ends it, after disposing the log.</summary>
    public void Fatal(
        string message, ReadOnlySpan<LogField> fields = default, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Write(LogLevel.Fatal, message, fields, file, line);

    /// <summary>Writes what is queued, but waits no longer than two seconds for a stalled output.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await Task.WhenAny(_writer, Task.Delay(_flushPatience, CancellationToken.None)).ConfigureAwait(false);
    }

    private void Write(LogLevel level, string message, ReadOnlySpan<LogField> fields, string file, int line)
    {
        if (IsEnabled(level))
        {
            string caller = LogLineFormatter.Caller(file, line);
            _lines.Writer.TryWrite(LogLineFormatter.Format(_isConsole, level, _clock.GetUtcNow(), caller, message, fields));
        }
    }

    private async Task WriteLinesAsync()
    {
        ChannelReader<byte[]> reader = _lines.Reader;
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (reader.TryRead(out byte[]? line))
            {
                await WriteOutAsync(line).ConfigureAwait(false);
            }

            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and long dropped)
            {
                Warn("dropped log lines because an output did not keep up", [new("dropped", dropped)]);
            }

            foreach (Stream output in _outputs)
            {
                await output.FlushAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task WriteOutAsync(byte[] line)
    {
        foreach (Stream output in _outputs)
        {
            try
            {
                await output.WriteAsync(line).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The reader of our stderr is gone, or the disk of a log file is full: there is nowhere to say so, so it is counted.
                Interlocked.Increment(ref _dropped);
            }
        }
    }
}
