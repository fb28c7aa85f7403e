using System.Buffers;
using System.Globalization;
using System.Text;
using Etcdish.Kubelet.Cri;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// Carries a container's output from the files that its processes write into its log. The files are there whoever reads them, so nothing
/// waits and nothing is lost while no kubelet runs. After each step <c>position</c> says how long the log is and how much of the
/// files it holds: what is in the log beyond that, because the step was broken off, is cut off and made again. Safe for use by many threads.
/// </summary>
internal sealed class ContainerOutput(ContainerFolder folder, string logPath, TimeProvider clock) : IDisposable
{
    private const int BlockBytes = 64 * 1024;
    private const long PunchBytes = 1 << 20;
    private const string PositionForm = "D20";

    private readonly Lock _lock = new();
    private readonly RawStream _stdout = new("stdout", folder.Output);
    private readonly RawStream _stderr = new("stderr", folder.Errors);
    private SafeFileHandle? _position;
    private SafeFileHandle? _log;
    private long _logLength;
    private int _readers;
    private int _isRunning;
    private int _isDirty;
    private bool _isDone;

    /// <summary>Wakes those who follow the raw output.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>What was raised while there was nobody to throw it at.</summary>
    public event Action<Exception>? Failed;

    /// <summary>There may be more to carry. Returns at once; at most one thread is at it.</summary>
    public void Wake()
    {
        Volatile.Write(ref _isDirty, 1);
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static output => output.Run(), this, preferLocal: false);
        }
    }

    /// <summary>Carries all that there is; nothing comes after it.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            if (!_isDone)
            {
                Carry(isLast: true);
                _isDone = true;
                Close();
                File.Delete(folder.Output);
                File.Delete(folder.Errors);
                File.Delete(folder.Position);
            }
        }

        Changed.Pulse();
    }

    /// <summary>Goes on with a new log file, after the old one was moved away.</summary>
    public void Reopen()
    {
        lock (_lock)
        {
            if (_isDone)
            {
                return;
            }

            Carry(isLast: false);
            _log?.Dispose();
            _log = null;
            _logLength = 0;
            EnsureLog(mayCut: false);
            SavePosition();
        }
    }

    /// <summary>Opens the raw output of a stream for someone who follows it from now on. While there is one, nothing is given back.</summary>
    public (FileStream File, IDisposable Hold)? Follow(bool errors)
    {
        lock (_lock)
        {
            if (_isDone)
            {
                return null;
            }

            var file = new FileStream(
                errors ? folder.Errors : folder.Output, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
            file.Seek(0, SeekOrigin.End);
            _readers++;
            return (file, new Hold(this));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDone = true;
            Close();
        }
    }

    private void Run()
    {
        do
        {
            Volatile.Write(ref _isDirty, 0);
            try
            {
                lock (_lock)
                {
                    if (!_isDone)
                    {
                        Carry(isLast: false);
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // What could not be carried stays where it is, and is carried with what comes next.
                Failed?.Invoke(e);
            }

            Changed.Pulse();
            Volatile.Write(ref _isRunning, 0);
        }
        while (Volatile.Read(ref _isDirty) == 1 && Interlocked.Exchange(ref _isRunning, 1) == 0);
    }

    private void Carry(bool isLast)
    {
        if (logPath.Length == 0)
        {
            return;
        }

        EnsureLog(mayCut: true);
        using var entries = new MemoryStream();
        while (Step(entries, isLast))
        {
            GiveBack(_stdout);
            GiveBack(_stderr);
        }
    }

    private bool Step(MemoryStream entries, bool isLast)
    {
        entries.SetLength(0);
        var now = clock.GetUtcNow();
        var (stdout, stderr) = (_stdout.Position, _stderr.Position);
        if (!(_stdout.Read(entries, now, isLast) | _stderr.Read(entries, now, isLast)))
        {
            return false;
        }

        var text = entries.GetBuffer().AsSpan(0, (int)entries.Length);
        try
        {
            RandomAccess.Write(_log!, text, _logLength);
        }
        catch (IOException)
        {
            (_stdout.Position, _stderr.Position) = (stdout, stderr);
            throw;
        }

        _logLength += text.Length;
        SavePosition();
        return true;
    }

    private void EnsureLog(bool mayCut)
    {
        if (_log is not null)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(logPath)!);
        _log = File.OpenHandle(logPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(_log);
        if (_position is null)
        {
            _position = File.OpenHandle(folder.Position, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            (_logLength, _stdout.Position, _stderr.Position) = LoadPosition();
            if (mayCut && length > _logLength)
            {
                RandomAccess.SetLength(_log, _logLength);
                length = _logLength;
            }
        }

        _logLength = length;
    }

    private (long Log, long Stdout, long Stderr) LoadPosition()
    {
        Span<byte> text = stackalloc byte[63];
        return RandomAccess.Read(_position!, text, 0) == text.Length
            ? (Number(text[..20]), Number(text[21..41]), Number(text[42..62]))
            : (0, 0, 0);

        static long Number(ReadOnlySpan<byte> text) => long.Parse(text, CultureInfo.InvariantCulture);
    }

    private void SavePosition()
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{_logLength.ToString(PositionForm, CultureInfo.InvariantCulture)} {_stdout.Position:D20} {_stderr.Position:D20}\n");
        RandomAccess.Write(_position!, Encoding.ASCII.GetBytes(text), 0);
    }

    /// <summary>Gives the disk back what is in the log, in large pieces.</summary>
    private void GiveBack(RawStream stream)
    {
        if (_readers == 0 && stream.Position - stream.GivenBack >= PunchBytes)
        {
            stream.GiveBack();
        }
    }

    private void Close()
    {
        _log?.Dispose();
        _position?.Dispose();
        _stdout.Dispose();
        _stderr.Dispose();
    }

    /// <summary>One of the two files.</summary>
    private sealed class RawStream(string name, string path) : IDisposable
    {
        private SafeFileHandle? _file;

        /// <summary>How much of it is in the log.</summary>
        public long Position { get; set; }

        public long GivenBack { get; private set; }

        /// <summary>Makes entries of the next block; false: there is nothing complete.</summary>
        public bool Read(MemoryStream entries, DateTimeOffset at, bool isLast)
        {
            if (_file is null)
            {
                if (!File.Exists(path))
                {
                    return false;
                }

                _file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            }

            var length = RandomAccess.GetLength(_file);
            if (length < Position)
            {
                // A container of an earlier version writes to the file itself: it opened /dev/stdout anew, and what is in it now is new.
                (Position, GivenBack) = (0, 0);
            }

            var waiting = length - Position;
            if (waiting <= 0)
            {
                return false;
            }

            var block = ArrayPool<byte>.Shared.Rent((int)Math.Min(waiting, BlockBytes));
            try
            {
                var count = RandomAccess.Read(_file, block, Position);
                var taken = CriLogWriter.Append(entries, name, block.AsSpan(0, count), at, isLast && count >= waiting);
                Position += taken;
                return taken > 0;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(block);
            }
        }

        public void GiveBack()
        {
            // Where the file system cannot, the file is as long as all output until the container ends.
            _ = LinuxCalls.TryPunch(_file!, GivenBack, Position);
            GivenBack = Position;
        }

        public void Dispose() => _file?.Dispose();
    }

    private sealed class Hold(ContainerOutput output) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            {
                lock (output._lock)
                {
                    output._readers--;
                }
            }
        }
    }
}
