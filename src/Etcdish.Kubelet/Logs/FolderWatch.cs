using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// Tells those who follow files of changes in their folders: one inotify instance and one thread for all of them, and neither while nobody
/// follows. Where the system gives no more watches, followers look once a second. Safe for use by many threads.
/// </summary>
internal sealed class FolderWatch(TimeProvider clock, Action<string> warn) : IDisposable
{
    private const int BufferBytes = 16 * 1024;
    private const int Interrupted = 4;

    private static readonly TimeSpan _fallbackPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, List<FolderSignal>> _signals = [];
    private SafeFileHandle? _instance;

    /// <summary>A signal that is set when files of a folder are written, made, renamed or deleted. Disposed of, it is no more.</summary>
    public FolderSignal Watch(string folder)
    {
        lock (_lock)
        {
            var instance = _instance ?? Inotify.Open();
            var watch = instance.IsInvalid ? -1 : Inotify.AddWatch(instance, folder, Inotify.FolderEvents);
            var problem = watch < 0 ? Marshal.GetLastPInvokeErrorMessage() : "";
            if (watch >= 0)
            {
                // The thread begins with the first watch: the kernel tells of a watch's end, so it learns when it is needed no more.
                Start(instance);
                return Add(watch);
            }

            if (_instance is null)
            {
                instance.Dispose();
            }

            return WatchByTime(folder, problem);
        }
    }

    /// <summary>Ends the thread. Followers are told nothing any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var watch in _signals.Keys)
            {
                _ = Inotify.RemoveWatch(_instance!, watch);
            }

            _signals.Clear();
        }
    }

    private void Start(SafeFileHandle instance)
    {
        if (_instance is null)
        {
            _instance = instance;
            new Thread(() => Run(instance)) { IsBackground = true, Name = "log folders" }.Start();
        }
    }

    private FolderSignal Add(int watch)
    {
        // A folder that is watched already has the same number again.
        if (!_signals.TryGetValue(watch, out var signals))
        {
            _signals[watch] = signals = [];
        }

        var signal = new FolderSignal(ended => Remove(watch, ended));
        signals.Add(signal);
        return signal;
    }

    private void Remove(int watch, FolderSignal signal)
    {
        lock (_lock)
        {
            if (_signals.TryGetValue(watch, out var signals) && signals.Remove(signal) && signals.Count == 0)
            {
                _signals.Remove(watch);
                _ = Inotify.RemoveWatch(_instance!, watch);
            }
        }
    }

    private FolderSignal WatchByTime(string folder, string problem)
    {
        warn($"logs: {folder} cannot be watched ({problem}); looking once a second");
        ITimer? timer = null;
        var signal = new FolderSignal(_ => timer?.Dispose());
        timer = clock.CreateTimer(static s => ((FolderSignal)s!).Set(), signal, _fallbackPeriod, _fallbackPeriod);
        return signal;
    }

    private void Run(SafeFileHandle instance)
    {
        Span<byte> buffer = new byte[BufferBytes];
        while (true)
        {
            var length = Inotify.Read(instance, buffer, buffer.Length);
            lock (_lock)
            {
                if (length > 0)
                {
                    Tell(buffer[..(int)length]);
                }
                else if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    throw new IOException($"inotify cannot be read: {Marshal.GetLastPInvokeErrorMessage()}");
                }

                if (_signals.Count == 0)
                {
                    _instance = null;
                    instance.Dispose();
                    return;
                }
            }
        }
    }

    private void Tell(ReadOnlySpan<byte> events)
    {
        while (events.Length >= Inotify.EventBytes)
        {
            var watch = BinaryPrimitives.ReadInt32LittleEndian(events);
            var mask = BinaryPrimitives.ReadUInt32LittleEndian(events[4..]);
            var nameBytes = BinaryPrimitives.ReadInt32LittleEndian(events[12..]);
            events = events[(Inotify.EventBytes + nameBytes)..];
            if ((mask & Inotify.QueueOverflow) != 0)
            {
                foreach (var signals in _signals.Values)
                {
                    signals.ForEach(static signal => signal.Set());
                }
            }
            else if (_signals.TryGetValue(watch, out var signals))
            {
                signals.ForEach(static signal => signal.Set());
                if ((mask & Inotify.Ignored) != 0)
                {
                    // The folder is gone, and comes back only as another one.
                    _signals.Remove(watch);
                }
            }
        }
    }
}
