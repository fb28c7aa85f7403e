using System.Globalization;

namespace Etcdish.Kubelet.Nodes;

/// <summary>The kernel's tables of numbers under names, a line each: <c>MemTotal: 1024 kB</c>, <c>inactive_file 4096</c>.</summary>
internal static class MemoryTable
{
    /// <summary>Reads one, in bytes where it says kB; nothing from a file that is not there.</summary>
    public static Dictionary<string, long> Read(string file)
    {
        var table = new Dictionary<string, long>(StringComparer.Ordinal);
        if (!File.Exists(file))
        {
            return table;
        }

        foreach (var line in File.ReadLines(file))
        {
            var words = line.Split((char[])[' ', ':'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                table[words[0]] = words is [_, _, "kB", ..] ? value << 10 : value;
            }
        }

        return table;
    }
}
