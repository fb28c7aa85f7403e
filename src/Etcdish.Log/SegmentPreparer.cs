namespace Etcdish.Log;

/// <summary>
/// Makes segment files ahead of need: full size, written zeros, durable, under a temporary name. Owns one thread, or none when the caller
/// wants the work done inside <see cref="Take"/>.
/// </summary>
internal sealed class SegmentPreparer : IDisposable
{
    internal const string Suffix = ".new";

    // A full disk is tried again this often, so that the log notices by itself when space returns.
    private const int RetryMilliseconds = 1000;

    // Between two slices of zeros. A segment is then ready after little more than a second, which even a busy log leaves it.
    private const int PauseMilliseconds = 3;

    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly int _segmentBytes;
    private readonly object _gate = new();
    private readonly Thread? _thread;
    private State _state;
    private uint _number;
    private IDiskFile? _file;
    private Exception? _error;
    private volatile Exception? _fatal;
    private bool _isAwaited;

    internal SegmentPreparer(IDisk disk, string directory, int segmentBytes, bool background)
    {
        _disk = disk;
        _directory = directory;
        _segmentBytes = segmentBytes;
        if (background)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = "log segments" };
            _thread.Start();
        }
    }

    private enum State
    {
        Idle,
        Wanted,
        Ready,
        Failed,
        Stopped,
    }

    /// <summary>A failure other than a full disk: the log must not go on.</summary>
    internal Exception? Fatal => _fatal;

    /// <summary>Whether the last attempt found no space.</summary>
    internal bool IsSpaceShort
    {
        get
        {
            lock (_gate)
            {
                return _error is DiskFullException;
            }
        }
    }

    /// <summary>Asks for a segment; returns at once.</summary>
    internal void Request(uint number)
    {
        lock (_gate)
        {
            if (_thread is not null && _state == State.Idle)
            {
                _number = number;
                _state = State.Wanted;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Hands out the prepared file, still under its temporary name; waits for it, or makes it.</summary>
    /// <exception cref="DiskFullException">There is no space; a later call tries again.</exception>
    internal IDiskFile Take(uint number)
    {
        if (_thread is null)
        {
            return PrepareInline(number);
        }

        lock (_gate)
        {
            if (_state is State.Idle or State.Failed)
            {
                _number = number;
                _state = State.Wanted;
            }

            _isAwaited = true;
            Monitor.PulseAll(_gate);
            while (_state == State.Wanted)
            {
                Monitor.Wait(_gate);
            }

            _isAwaited = false;
            if (_state != State.Ready)
            {
                throw _error is DiskFullException full
                    ? new DiskFullException(full.Message, full)
                    : new IOException($"segment {number} could not be prepared: {_error?.Message}", _error);
            }

            Invariant.Check(_number == number, "segments are taken in order");
            IDiskFile file = _file!;
            _file = null;
            _state = State.Idle;
            return file;
        }
    }

    /// <summary>Takes back a file that was not used after all.</summary>
    internal void Return(uint number, IDiskFile file)
    {
        lock (_gate)
        {
            if (_state == State.Idle)
            {
                _number = number;
                _file = file;
                _state = State.Ready;
                return;
            }
        }

        file.Dispose();
        _disk.Delete(TemporaryPath(number));
    }

    internal string TemporaryPath(uint number) => Path.Combine(_directory, LogFormat.SegmentName(number) + Suffix);

    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
            _state = State.Stopped;
            Monitor.PulseAll(_gate);
        }

        _thread?.Join();
    }

    private IDiskFile PrepareInline(uint number)
    {
        lock (_gate)
        {
            if (_state == State.Ready && _number == number)
            {
                _state = State.Idle;
                return _file!;
            }
        }

        try
        {
            IDiskFile file = Prepare(number, pause: null);
            _error = null;
            return file;
        }
        catch (DiskFullException e)
        {
            _error = e;
            throw;
        }
    }

    private void Run()
    {
        while (WaitForWork(out Action? pause) is { } number)
        {
            IDiskFile? file = null;
            Exception? error = null;
            try
            {
                file = Prepare(number, pause);
            }
            catch (Exception e)
            {
                error = e;
                _fatal = e is DiskFullException ? null : e;
            }

            lock (_gate)
            {
                _error = error;
                if (_state == State.Stopped)
                {
                    file?.Dispose();
                    return;
                }

                _file = file;
                _state = file is null ? State.Failed : State.Ready;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private uint? WaitForWork(out Action? pause)
    {
        lock (_gate)
        {
            pause = null;
            while (_state != State.Wanted)
            {
                if (_state == State.Stopped)
                {
                    return null;
                }

                var retry = _state == State.Failed && _fatal is null;
                var pulsed = Monitor.Wait(_gate, retry ? RetryMilliseconds : Timeout.Infinite);
                if (!pulsed && _state == State.Failed)
                {
                    _state = State.Wanted;
                }
            }

            pause = _isAwaited ? null : Pause;
            return _number;
        }
    }

    // Nobody waits for the file as a rule. Once somebody does, or the log closes, there is no time for pauses.
    private void Pause()
    {
        lock (_gate)
        {
            if (!_isAwaited && _state != State.Stopped)
            {
                Monitor.Wait(_gate, PauseMilliseconds);
            }
        }
    }

    private IDiskFile Prepare(uint number, Action? pause)
    {
        var path = TemporaryPath(number);
        IDiskFile file = _disk.Create(path);
        try
        {
            file.ZeroFill(_segmentBytes, pause);
            file.Sync();
            return file;
        }
        catch
        {
            file.Dispose();
            _disk.Delete(path);
            throw;
        }
    }
}
