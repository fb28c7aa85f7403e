using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Etcdish.Cluster;

/// <summary>Sleeping on an integer and waking its sleeper, as Linux offers it (futex(2)): one system call each.</summary>
internal static unsafe partial class Futex
{
    private const int WaitPrivate = 0 | 128;
    private const int WakePrivate = 1 | 128;
    private const long NanosecondsPerTick = 100;

    private static readonly nint _systemCall = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 => 98,
        _ => 0,
    };

    /// <summary>Whether this system has it, under a number that is known here.</summary>
    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && _systemCall != 0;

    /// <summary>Sleeps while the word is <paramref name="expected"/>; may return early for no reason.</summary>
    public static void Wait(int* word, int expected, TimeSpan timeout)
    {
        TimeSpec span = new(timeout.Ticks / TimeSpan.TicksPerSecond, timeout.Ticks % TimeSpan.TicksPerSecond * NanosecondsPerTick);

        // Whatever it answers (woken, too late, timed out, interrupted), the caller looks at the word.
        _ = SystemCall(_systemCall, word, WaitPrivate, expected, &span, null, 0);
    }

    /// <summary>Wakes the sleeper, if there is one.</summary>
    public static void WakeOne(int* word) => _ = SystemCall(_systemCall, word, WakePrivate, 1, null, null, 0);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, int* word, int operation, int value, TimeSpec* timeout, int* other, int third);

    [StructLayout(LayoutKind.Sequential)]
    [SuppressMessage("Performance", "CA1823:Avoid unused private fields", Justification = "The kernel reads them.")]
    private readonly struct TimeSpec(long seconds, long nanoseconds)
    {
        private readonly long _seconds = seconds;
        private readonly long _nanoseconds = nanoseconds;
    }
}
