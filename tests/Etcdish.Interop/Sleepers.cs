using System.Globalization;

namespace Etcdish.Interop;

/// <summary>Processes of pods, told by how long they sleep.</summary>
internal static class Sleepers
{
    /// <summary>Seconds to sleep that nobody else sleeps.</summary>
    public static string NewMarker() => Random.Shared.Next(1_000_000, 9_999_999).ToString(CultureInfo.InvariantCulture);

    /// <summary>The processes that sleep that long.</summary>
    public static IReadOnlyList<int> Find(string marker) => [.. Directory.GetDirectories("/proc")
        .Where(folder => int.TryParse(Path.GetFileName(folder), out _) && Arguments(folder) == $"sleep\0{marker}\0")
        .Select(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture))
        .Order()];

    private static string Arguments(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (IOException)
        {
            // It has ended since.
            return "";
        }
    }
}
