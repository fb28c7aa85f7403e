using System.Runtime.InteropServices;

namespace Etcdish.Load.Comparing;

/// <summary>Sends Linux's signals.</summary>
internal static class ProcessSignal
{
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <exception cref="InvalidOperationException">There is no such process, or it is another user's.</exception>
    public static void Send(int pid, int signal)
    {
        if (Kill(pid, signal) != 0)
        {
            throw new InvalidOperationException($"cannot send signal {signal} to {pid}: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
