using System.Globalization;
using System.Runtime.InteropServices;

namespace Etcdish.Kubelet.Nodes;

/// <summary>What a machine is, read once from where Linux tells it.</summary>
internal sealed record MachineFacts
{
    public string MachineId { get; init; } = "";

    public string BootId { get; init; } = "";

    public string SystemUuid { get; init; } = "";

    public string Kernel { get; init; } = "";

    public string OsImage { get; init; } = "";

    /// <summary>In Go's words, such as amd64.</summary>
    public string Architecture { get; init; } = "";

    public int Processors { get; init; }

    public long MemoryBytes { get; init; }

    public long SwapBytes { get; init; }

    /// <summary>Bytes set aside as huge pages, by the size of a page in bytes.</summary>
    public IReadOnlyList<(long PageBytes, long Bytes)> HugePages { get; init; } = [];

    /// <summary>Reads them.</summary>
    /// <param name="root">The root of the file system that is read.</param>
    public static MachineFacts Read(string root = "/")
    {
        var memory = MemoryTable.Read(Path.Combine(root, "proc/meminfo"));
        var machineId = FirstLine(root, "etc/machine-id", "var/lib/dbus/machine-id");
        var uuid = FirstLine(root, "sys/class/dmi/id/product_uuid", "proc/device-tree/system-id", "proc/device-tree/vm,uuid");
        return new MachineFacts
        {
            MachineId = machineId,
            BootId = FirstLine(root, "proc/sys/kernel/random/boot_id"),
            SystemUuid = uuid.Length > 0 ? uuid : machineId,
            Kernel = FirstLine(root, "proc/sys/kernel/osrelease"),
            OsImage = ReadOsImage(root),
            Architecture = ArchitectureName(RuntimeInformation.OSArchitecture),
            Processors = CountProcessors(root),
            MemoryBytes = memory.GetValueOrDefault("MemTotal"),
            SwapBytes = memory.GetValueOrDefault("SwapTotal"),
            HugePages = ReadHugePages(root),
        };
    }

    internal static string ArchitectureName(Architecture architecture) => architecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.X86 => "386",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static string ReadOsImage(string root)
    {
        const string Key = "PRETTY_NAME=";
        var file = Array.Find(["etc/os-release", "usr/lib/os-release"], path => File.Exists(Path.Combine(root, path)));
        var line = file is null
            ? null
            : File.ReadLines(Path.Combine(root, file)).FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        return line is null ? "Linux" : line[Key.Length..].Trim('"');
    }

    /// <summary>Those that there are, not those that this process may use.</summary>
    private static int CountProcessors(string root)
    {
        var file = Path.Combine(root, "proc/cpuinfo");
        var count = File.Exists(file) ? File.ReadLines(file).Count(line => line.StartsWith("processor", StringComparison.Ordinal)) : 0;
        return count > 0 ? count : Environment.ProcessorCount;
    }

    private static List<(long PageBytes, long Bytes)> ReadHugePages(string root)
    {
        const string Prefix = "hugepages-", Suffix = "kB";
        List<(long, long)> pages = [];
        var folder = new DirectoryInfo(Path.Combine(root, "sys/kernel/mm/hugepages"));
        foreach (var size in folder.Exists ? folder.EnumerateDirectories(Prefix + "*" + Suffix) : [])
        {
            var page = long.Parse(size.Name[Prefix.Length..^Suffix.Length], CultureInfo.InvariantCulture) << 10;
            var number = long.Parse(File.ReadAllText(Path.Combine(size.FullName, "nr_hugepages")), CultureInfo.InvariantCulture);
            pages.Add((page, number * page));
        }

        pages.Sort();
        return pages;
    }

    /// <summary>The first line of the first of some files that says something; those that are not for us are passed over.</summary>
    private static string FirstLine(string root, params ReadOnlySpan<string> files)
    {
        foreach (var file in files)
        {
            try
            {
                var text = File.ReadAllText(Path.Combine(root, file)).Split('\n')[0].Trim('\0', ' ', '\r');
                if (text.Length > 0)
                {
                    return text;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not every machine has it, and not everybody may see it.
            }
        }

        return "";
    }
}
