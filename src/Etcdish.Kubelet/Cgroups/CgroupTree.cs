using System.Globalization;

namespace Etcdish.Kubelet.Cgroups;

/// <summary>
/// The machine's control groups, of whichever version, by paths such as <c>/kubepods/burstable</c>: with v1 a path is a directory in each
/// of several trees, with v2 one directory.
/// </summary>
internal abstract class CgroupTree
{
    /// <summary>The trees of the machine; null: there are none, or they cannot be written.</summary>
    /// <param name="root">Where they are mounted.</param>
    /// <param name="problem">Why there are none.</param>
    public static CgroupTree? Open(string root, out string problem)
    {
        problem = "";
        try
        {
            CgroupTree? tree = File.Exists(Path.Combine(root, "cgroup.controllers")) ? new CgroupTreeV2(root)
                : Directory.Exists(Path.Combine(root, "memory")) && Directory.Exists(Path.Combine(root, "cpu")) ? new CgroupTreeV1(root)
                : null;
            if (tree is null)
            {
                problem = $"no control groups are mounted at {root}";
                return null;
            }

            var probe = $"/etcdish-probe-{Environment.ProcessId}";
            tree.Make(probe);
            tree.TryRemove(probe);
            return tree;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Environment.IsPrivilegedProcess ? e.Message : "only root may make control groups";
            return null;
        }
    }

    /// <summary>The directories of a group, whether they are there or not.</summary>
    public abstract IReadOnlyList<string> Folders(string group);

    /// <summary>Gives a group weights and limits.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public abstract void Apply(string group, GroupSettings settings);

    /// <summary>What a group uses; null: there is no such group.</summary>
    public abstract CgroupUsage? Read(string group);

    /// <summary>Makes a group, and those above it.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public virtual void Make(string group)
    {
        foreach (var folder in Folders(group))
        {
            Directory.CreateDirectory(folder);
        }
    }

    /// <summary>The names of the groups right below one.</summary>
    public IReadOnlyList<string> Children(string group) => [.. Folders(group)
        .Where(Directory.Exists)
        .SelectMany(Directory.EnumerateDirectories)
        .Select(folder => Path.GetFileName(folder))
        .Distinct()
        .Order(StringComparer.Ordinal)];

    /// <summary>All processes in a group and below it.</summary>
    public IReadOnlyList<int> Processes(string group)
    {
        List<int> found = [];
        foreach (var folder in Folders(group).Where(Directory.Exists))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "cgroup.procs", SearchOption.AllDirectories))
            {
                found.AddRange(ReadLines(file).Select(line => int.Parse(line, CultureInfo.InvariantCulture)));
            }
        }

        return [.. found.Where(id => id > 0).Distinct()];
    }

    /// <summary>Removes a group and all below it; false if something is still in it.</summary>
    public bool TryRemove(string group)
    {
        var isGone = true;
        foreach (var folder in Folders(group))
        {
            isGone &= TryRemoveFolder(folder);
        }

        return isGone;
    }

    /// <summary>Writes a setting.</summary>
    protected static void Write(string folder, string file, string value)
    {
        try
        {
            File.WriteAllText(Path.Combine(folder, file), value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{folder}/{file} does not take {value}: {e.Message}", e);
        }
    }

    /// <summary>A number that a file says; null: it does not.</summary>
    protected static long? Number(string file) =>
        ReadLines(file) is [var line, ..] && long.TryParse(line, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static bool TryRemoveFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return true;
        }

        try
        {
            foreach (var below in Directory.EnumerateDirectories(folder))
            {
                if (!TryRemoveFolder(below))
                {
                    return false;
                }
            }

            // Files of such a directory are the kernel's, and go with it.
            Directory.Delete(folder);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The lines of a file; none of one that goes at this moment.</summary>
    private static string[] ReadLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

/// <summary>What a group uses, with those below it.</summary>
/// <param name="CpuNanoseconds">Processor time so far, in ns.</param>
/// <param name="MemoryBytes">All memory.</param>
/// <param name="WorkingSetBytes">Memory that cannot be taken away under pressure.</param>
/// <param name="OutOfMemoryKills">How many processes were killed for want of memory.</param>
internal sealed record CgroupUsage(long CpuNanoseconds, long MemoryBytes, long WorkingSetBytes, long OutOfMemoryKills);
