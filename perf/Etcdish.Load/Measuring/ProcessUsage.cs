using System.Globalization;
using System.Runtime.InteropServices;

namespace Etcdish.Load.Measuring;

/// <summary>What a process has used so far, as Linux accounts for it.</summary>
/// <param name="CpuSeconds">User and system time of all its threads.</param>
/// <param name="ResidentBytes">Memory it holds now.</param>
internal readonly record struct ProcessUsage(double CpuSeconds, long ResidentBytes)
{
    private const int UserTimeField = 11;
    private const int TicksPerSecond = 100;

    public static ProcessUsage operator +(ProcessUsage one, ProcessUsage other) =>
        new(one.CpuSeconds + other.CpuSeconds, one.ResidentBytes + other.ResidentBytes);

    /// <summary>Reads /proc of a live process.</summary>
    public static ProcessUsage Of(int pid)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Linux))
        {
            throw new PlatformNotSupportedException("the CPU time of another process is read from /proc, which only Linux has");
        }

        // The second field is the program's name in brackets and may hold blanks; what counts starts behind it.
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double ticks = Parse(fields[UserTimeField]) + Parse(fields[UserTimeField + 1]);
        string resident = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        string kibibytes = resident.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1];
        return new ProcessUsage(ticks / TicksPerSecond, Parse(kibibytes) * 1024);
    }

    private static long Parse(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
