namespace Etcdish.Kubelet.Volumes;

/// <summary>Walks through all that is below a folder: deletes it, measures it, gives it to a group. Follows no link and leaves no mount.</summary>
internal static class FolderTree
{
    /// <summary>Each level of a walk holds an open folder.</summary>
    private const int DeepestWalk = 256;

    private const int WantedOfFolders = Modes.GroupWrites | Modes.Enter | Modes.SetGroupId;

    /// <summary>Deletes an entry with all below it; one that is not there is deleted.</summary>
    /// <exception cref="IOException">Something is mounted below it, which is left alone, or it cannot be deleted.</exception>
    public static void Delete(Folder parent, EntryName name)
    {
        if (parent.Find(name) is not { IsFolder: true } status)
        {
            parent.Delete(name);
            return;
        }

        CheckNoMount(parent.Status, status, parent, name);
        using (var folder = parent.OpenFolder(name))
        {
            var removal = new Removal(folder);
            while (removal.Empty(folder, 0))
            {
                // What lay too deep has come up meanwhile.
            }
        }

        parent.DeleteFolder(name);
    }

    /// <summary>What a folder with all in it takes of its file system, in bytes and inodes. What goes meanwhile does not count.</summary>
    public static (long Bytes, long Inodes) Measure(Folder folder)
    {
        var status = folder.Status;
        HashSet<ulong> counted = [];
        var (bytes, inodes) = (status.Bytes, 1L);
        Add(folder, 0);
        return (bytes, inodes);

        void Add(Folder where, int depth)
        {
            foreach (var name in where.List())
            {
                if (where.Find(name) is not { } entry || entry.Mount != status.Mount || (entry.Links > 1 && !entry.IsFolder && !counted.Add(entry.Inode)))
                {
                    continue;
                }

                bytes += entry.Bytes;
                inodes++;
                if (entry.IsFolder && depth < DeepestWalk && TryOpen(where, name) is { } below)
                {
                    using (below)
                    {
                        Add(below, depth + 1);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Gives a folder with all in it to a group, which may read and write all and to which new files belong. Users and other rights stay.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="group">The group.</param>
    /// <param name="onRootMismatch">Whether all is taken to be right if the folder itself is.</param>
    /// <exception cref="IOException">Something cannot be given away, or lies too deep.</exception>
    public static void GiveToGroup(Folder folder, long group, bool onRootMismatch)
    {
        var status = folder.Status;
        if (onRootMismatch && status.Gid == group && (status.Mode & WantedOfFolders) == WantedOfFolders)
        {
            return;
        }

        GiveEntries(folder, status.Mount, group, 0);

        // Last: a walk that was cut short is then seen by its root.
        folder.SetOwner(Folder.Keep, group);
        folder.SetMode(status.Mode | WantedOfFolders);
    }

    private static void GiveEntries(Folder folder, ulong mount, long group, int depth)
    {
        if (depth > DeepestWalk)
        {
            throw new IOException($"{folder} lies too deep to be given to a group");
        }

        foreach (var name in folder.List())
        {
            if (folder.Find(name) is not { } status || status.Mount != mount)
            {
                continue;
            }

            if (status.IsFolder)
            {
                using var below = folder.OpenFolder(name);
                GiveEntries(below, mount, group, depth + 1);
                below.SetOwner(Folder.Keep, group);
                below.SetMode(status.Mode | WantedOfFolders);
                continue;
            }

            folder.SetOwner(name, Folder.Keep, group);
            if (status.Type != FileType.Link)
            {
                // By the open file: the name may be a link by now.
                using var file = folder.OpenPathOnly(name);
                File.SetUnixFileMode($"/proc/self/fd/{file.DangerousGetHandle()}", (UnixFileMode)(status.Mode | Modes.GroupWrites));
            }
        }
    }

    private static Folder? TryOpen(Folder where, EntryName name)
    {
        try
        {
            return where.OpenFolder(name);
        }
        catch (IOException e) when (e.HResult is Libc.ErrorAbsent or Libc.ErrorLoop or Libc.ErrorNotFolder)
        {
            return null;
        }
    }

    private static void CheckNoMount(FileStatus parent, FileStatus status, Folder folder, EntryName name)
    {
        if (status.IsMountRoot || status.Mount != parent.Mount)
        {
            throw Libc.Failure($"{Path.Combine(folder.ToString(), name.ToString())} is a mount", Libc.ErrorBusy);
        }
    }

    /// <summary>Deletes what is in a folder, however deep.</summary>
    private sealed class Removal(Folder top)
    {
        private readonly FileStatus _top = top.Status;
        private long _moved;

        /// <summary>Empties a folder; true if what lies too deep was moved to the top, to be deleted from there.</summary>
        public bool Empty(Folder folder, int depth)
        {
            var movedBefore = _moved;
            foreach (var name in folder.List())
            {
                if (folder.Find(name) is not { IsFolder: true } status)
                {
                    folder.Delete(name);
                    continue;
                }

                CheckNoMount(_top, status, folder, name);
                if (depth >= DeepestWalk)
                {
                    MoveUp(folder, name);
                    continue;
                }

                using (var below = folder.OpenFolder(name))
                {
                    Empty(below, depth + 1);
                }

                folder.DeleteFolder(name);
            }

            return _moved != movedBefore;
        }

        private void MoveUp(Folder folder, EntryName name)
        {
            string free;
            do
            {
                free = $"..deep-{++_moved}";
            }
            while (top.Find(free) is not null);
            folder.Rename(name, free, top);
        }
    }
}
