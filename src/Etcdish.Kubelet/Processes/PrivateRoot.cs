using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// The root of a container, in a mount namespace that only it has: a directory of its own, in which each directory of the node's root is
/// mounted, except /tmp. Mount points that the node does not have are made in it; where they lie deeper, the directory that lacks them is
/// replaced by one of the container's that shows the same entries. Nothing is made on the node itself.
/// </summary>
/// <remarks>
/// All of it runs on a thread of its own, for on Linux a namespace is a thread's: what that thread starts is in it, the rest of this process
/// is not. Mounts of the node that come or go later come and go here too (slave propagation), so no volume is kept busy by pods that do not
/// use it.
/// </remarks>
internal sealed class PrivateRoot
{
    private const UnixFileMode Everyone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const UnixFileMode Shared = Everyone | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.StickyBit;

    private readonly StoredContainer _container;
    private readonly ContainerFolder _folder;
    private readonly HashSet<string> _opened = new(StringComparer.Ordinal);

    private PrivateRoot(StoredContainer container, ContainerFolder folder)
    {
        _container = container;
        _folder = folder;
    }

    private string Root => _folder.FileSystem;

    /// <summary>Builds it, and runs something on a thread in its namespaces, where the node's root is still seen.</summary>
    /// <exception cref="RuntimeException">The kernel refuses a mount.</exception>
    public static Task<T> RunInAsync<T>(StoredContainer container, ContainerFolder folder, Func<T> body)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                new PrivateRoot(container, folder).Build();
                result.SetResult(body());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                result.SetException(new RuntimeException($"cannot make the surroundings of container {container.Settings.Name}: {e.Message}", inner: e));
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "container start",
        };
        thread.Start();
        return result.Task;
    }

    /// <summary>Makes what the container writes to; it is kept until the container is removed.</summary>
    public static void Prepare(StoredContainer container, ContainerFolder folder)
    {
        MakeFolder(folder.FileSystem, Everyone);
        var user = container.Settings.User;
        LinuxCalls.ChangeOwner(folder.FileSystem, user.Uid ?? 0, user.Gid ?? 0);
        MakeFolder(Path.Combine(folder.FileSystem, "tmp"), Shared);

        // A program may open its output anew by /dev/stdout, as whom it runs.
        foreach (var output in (string[])[folder.Output, folder.Errors])
        {
            File.WriteAllBytes(output, []);
            File.SetUnixFileMode(output, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            LinuxCalls.ChangeOwner(output, user.Uid ?? 0, user.Gid ?? 0);
        }

        if (container.Resolver is { } resolver)
        {
            File.WriteAllLines(folder.ResolverFile, [
                .. resolver.Servers.Select(server => "nameserver " + server),
                .. resolver.Searches.Count > 0 ? (string[])["search " + string.Join(' ', resolver.Searches)] : [],
                .. resolver.Options.Count > 0 ? (string[])["options " + string.Join(' ', resolver.Options)] : [],
            ]);
        }
    }

    private void Build()
    {
        var hasName = _container.Hostname.Length > 0;
        LinuxCalls.Unshare(LinuxCalls.NewMounts | LinuxCalls.NewHostname);
        if (hasName)
        {
            LinuxCalls.SetHostName(_container.Hostname);
        }

        LinuxCalls.Mount("none", "/", LinuxCalls.Slave | LinuxCalls.Recursive);

        // Mounts of the node's directories would contain this one again, without end, if it could be bound.
        LinuxCalls.Mount(Root, Root, LinuxCalls.Bind);
        LinuxCalls.Mount("none", Root, LinuxCalls.Unbindable);
        BindEntries("/", Root, name => name is not ("tmp" or "lost+found"));
        List<MountSettings> mounts = [.. _container.Settings.Mounts, .. _container.Settings.Devices];
        if (_container.Resolver is not null && File.Exists("/etc/resolv.conf"))
        {
            mounts.Add(new MountSettings(_folder.ResolverFile, "/etc/resolv.conf", ReadOnly: false));
        }

        // What lies below another comes after it.
        List<(MountSettings Mount, string Path)> places = [.. mounts
            .Select(mount => (mount, Canonical(mount.ContainerPath)))
            .OrderBy(place => place.Item2.Count(c => c == '/'))];
        var directory = Canonical(_container.Settings.WorkingDirectory);
        MakeTargets(places, directory);
        var isFrozen = _container.Settings.Security.ReadOnlyRootFilesystem;
        if (isFrozen)
        {
            Freeze();
        }

        places.ForEach(place => Mount(place.Mount, Root + place.Path));
        if (!Directory.Exists(Root + directory))
        {
            MakeFolder(Root + directory, Everyone);
        }

        if (isFrozen)
        {
            LinuxCalls.MakeReadOnly(Root, isRecursive: false);
        }
    }

    /// <summary>Makes all mount points, and the working directory, that are in no other mount.</summary>
    private void MakeTargets(List<(MountSettings Mount, string Path)> places, string directory)
    {
        List<string> covered = ["/tmp"];
        foreach (var (mount, path) in places)
        {
            if (!covered.Exists(above => IsBelow(path, above)))
            {
                Open(path);
                MakeTarget(mount.HostPath, Root + path);
            }

            covered.Add(path);
        }

        if (!covered.Exists(above => IsBelow(directory, above)))
        {
            Open(directory);
            if (!Directory.Exists(Root + directory))
            {
                MakeFolder(Root + directory, Everyone);
                LinuxCalls.ChangeOwner(Root + directory, _container.Settings.User.Uid ?? 0, _container.Settings.User.Gid ?? 0);
            }
        }
    }

    private static void Mount(MountSettings mount, string target)
    {
        if (mount.Propagation == "Bidirectional")
        {
            throw new RuntimeException(
                $"mount propagation Bidirectional of {mount.ContainerPath} is not possible: the process runtime has no way from a container to the node");
        }

        MakeTarget(mount.HostPath, target);
        LinuxCalls.Mount(mount.HostPath, target, LinuxCalls.Bind | LinuxCalls.Recursive);
        if (mount.ReadOnly)
        {
            LinuxCalls.MakeReadOnly(target, mount.RecursiveReadOnly);
        }
    }

    /// <summary>Sees to it that a mount point can be made.</summary>
    private void Open(string path)
    {
        if (Path.Exists(path))
        {
            return;
        }

        var above = Path.GetDirectoryName(path)!;
        while (!Directory.Exists(above))
        {
            above = Path.GetDirectoryName(above)!;
        }

        // A directory that was opened for another mount is the container's already.
        if (above == "/" || !_opened.Add(above))
        {
            return;
        }

        var target = Root + above;
        var own = Path.Combine(_folder.Opened, $"{_opened.Count}");
        MakeFolder(own, File.GetUnixFileMode(above));
        LinuxCalls.Mount(own, target, LinuxCalls.Bind);
        BindEntries(above, target, _ => true);
    }

    /// <summary>Shows the entries of a directory of the node in one of the container's.</summary>
    private static void BindEntries(string from, string to, Func<string, bool> isWanted)
    {
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var target = Path.Combine(to, entry.Name);
            if (!isWanted(entry.Name))
            {
                continue;
            }

            if (entry.LinkTarget is { } link)
            {
                File.CreateSymbolicLink(target, link);
                continue;
            }

            MakeTarget(entry.FullName, target);
            LinuxCalls.Mount(entry.FullName, target, LinuxCalls.Bind | LinuxCalls.Recursive);
        }
    }

    /// <summary>Makes all of the node read-only, and the root itself. Device nodes and /proc stay as they are.</summary>
    private void Freeze()
    {
        foreach (var folder in new DirectoryInfo("/").EnumerateDirectories())
        {
            if (folder.LinkTarget is null && folder.Name is not ("proc" or "dev" or "tmp" or "lost+found"))
            {
                LinuxCalls.MakeReadOnly(Path.Combine(Root, folder.Name), isRecursive: true);
            }
        }
    }

    private static void MakeTarget(string source, string target)
    {
        if (Directory.Exists(source))
        {
            if (!Directory.Exists(target))
            {
                MakeFolder(target, Everyone);
            }
        }
        else if (!File.Exists(target))
        {
            MakeFolder(Path.GetDirectoryName(target)!, Everyone);
            File.WriteAllBytes(target, []);
        }
    }

    private static void MakeFolder(string path, UnixFileMode mode)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(path);

        // Not subject to the mask of this process.
        File.SetUnixFileMode(path, mode);
    }

    /// <summary>Where a path of the container leads, by the links of the node's file system, which are the container's too.</summary>
    private static string Canonical(string path)
    {
        var known = "/";
        var rest = new Queue<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        for (var links = 0; rest.TryDequeue(out var name);)
        {
            var next = Path.GetFullPath(Path.Combine(known, name));
            if (new FileInfo(next).LinkTarget is not { } link)
            {
                known = next;
                continue;
            }

            if (++links > 40)
            {
                throw new IOException($"too many links in {path}");
            }

            rest = new Queue<string>([.. link.Split('/', StringSplitOptions.RemoveEmptyEntries), .. rest]);
            known = link.StartsWith('/') ? "/" : known;
        }

        return known;
    }

    private static bool IsBelow(string path, string above) =>
        path == above || path.StartsWith(above + "/", StringComparison.Ordinal);
}
