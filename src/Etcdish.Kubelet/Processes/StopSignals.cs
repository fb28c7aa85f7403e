using System.Globalization;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>Numbers of signals by their names, as Linux has them on x64 and arm64.</summary>
internal static class StopSignals
{
    private const int FirstRealTime = 34;
    private const int LastRealTime = 64;

    private static readonly string[] _names = [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
        "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>The number of SIGUSR1, USR1, 10 or SIGRTMIN+3; of nothing that of SIGTERM.</summary>
    /// <exception cref="RuntimeException">There is no such signal.</exception>
    public static int Parse(string text)
    {
        if (text.Length == 0)
        {
            return LinuxCalls.SignalTerminate;
        }

        var name = text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? text[3..] : text;
        var number = Array.FindIndex(_names, known => known.Length > 0 && known.Equals(name, StringComparison.OrdinalIgnoreCase));
        number = number > 0 ? number
            : RealTime(name, "RTMIN", FirstRealTime) ?? RealTime(name, "RTMAX", LastRealTime)
            ?? (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0);
        return number is > 0 and <= LastRealTime ? number : throw new RuntimeException($"there is no signal {text}");
    }

    private static int? RealTime(string name, string start, int number) =>
        !name.StartsWith(start, StringComparison.OrdinalIgnoreCase) ? null
        : name.Length == start.Length ? number
        : int.TryParse(name.AsSpan(start.Length), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var more) ? number + more
        : null;
}
