using System.Globalization;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// A folder that shows a payload, and goes from one to the next at once. Its layout is Kubernetes' own, on which programs rely that watch
/// it:
/// <code>
/// user.conf                      -> ..data/user.conf
/// ..data                         -> ..2026_01_31_10_00_00.0123456789
/// ..2026_01_31_10_00_00.0123456789/user.conf
/// </code>
/// A new payload is written to a new folder; then the one link <c>..data</c> is replaced. The folder before stays for a moment: who is about
/// to open a file in it still finds it. Whatever is there before, be it left by a kubelet
/// that was killed or put there by a container, is put right; nothing outside of the folder is touched. Names that begin with two dots are
/// this class's.
/// </summary>
/// <param name="path">The folder, which is there.</param>
/// <param name="group">The group that may read all; null: none.</param>
/// <param name="clock">Names the folders.</param>
internal sealed class PayloadFolder(string path, long? group, TimeProvider clock)
{
    private const string Data = "..data";
    private const string NewData = "..data_tmp";
    private const string NewLink = "..link_tmp";
    private const string StampFormat = "'..'yyyy'_'MM'_'dd'_'HH'_'mm'_'ss";
    private const int ForGroup = Modes.GroupReads | Modes.Enter | Modes.SetGroupId;
    private readonly long _group = group ?? Folder.Keep;

    /// <summary>How long a folder stays that is no longer shown. Whoever shows a payload in place of another calls again after that.</summary>
    public static TimeSpan Linger { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether a payload is shown.</summary>
    public bool IsThere
    {
        get
        {
            if (!Directory.Exists(path))
            {
                return false;
            }

            using var root = Folder.Open(path);
            return FindShown(root) is not null;
        }
    }

    /// <summary>Shows a payload.</summary>
    /// <returns>What has changed.</returns>
    /// <exception cref="IOException">It cannot be written; what was shown is shown still.</exception>
    public PayloadChange Show(Payload payload)
    {
        using var root = Folder.Open(path);
        var before = FindShown(root);
        var isNew = before is null || !Shows(root, before, payload);
        var shown = before ?? "";
        if (isNew)
        {
            GiveRootToGroup(root);
            shown = WriteFolder(root, payload);
        }

        foreach (var name in payload.Roots)
        {
            PutLink(root, name);
        }

        if (isNew)
        {
            Replace(root, Data, shown, NewData);
        }

        Tidy(root, payload, shown, before);
        return !isNew ? PayloadChange.None : before is null ? PayloadChange.First : PayloadChange.Replaced;
    }

    private int ModeOf(PayloadFile file) => file.Mode | (group is null ? 0 : Modes.GroupReads);

    private int ModeOfFolders => Modes.Folder | (group is null ? 0 : ForGroup);

    /// <summary>The name of the folder that is shown; null: none is, as it should be.</summary>
    private static string? FindShown(Folder root) =>
        root.ReadLink(Data) is { } target && target.StartsWith("..", StringComparison.Ordinal) && target.Length > 2 && !target.Contains('/')
        && target is not (Data or NewData or NewLink) && root.Find(target) is { IsFolder: true }
            ? target
            : null;

    /// <summary>Whether the shown folder holds the payload and nothing else.</summary>
    private bool Shows(Folder root, string name, Payload payload)
    {
        using var folder = root.OpenFolder(name);
        var there = 0;
        return Holds(folder, "") && there == payload.Files.Count;

        bool Holds(Folder where, string prefix)
        {
            foreach (var entry in where.List())
            {
                var key = prefix + entry;
                if (where.Find(entry) is not { } status)
                {
                    return false;
                }

                if (status.IsFolder)
                {
                    using var below = where.OpenFolder(entry);
                    if (key.Length > 4096 || !Holds(below, key + "/"))
                    {
                        return false;
                    }
                }
                else if (!payload.Files.TryGetValue(key, out var file) || status.Mode != ModeOf(file)
                    || (file.Uid is { } uid && status.Uid != uid) || (group is { } gid && status.Gid != gid)
                    || where.TryRead(entry, file.Content.Length)?.AsSpan().SequenceEqual(file.Content) != true)
                {
                    return false;
                }
                else
                {
                    there++;
                }
            }

            return true;
        }
    }

    private void GiveRootToGroup(Folder root)
    {
        if (group is not null)
        {
            root.SetOwner(Folder.Keep, _group);
            root.SetMode(root.Status.Mode | ForGroup);
        }
    }

    /// <summary>Writes a payload to a folder of its own; its name.</summary>
    private string WriteFolder(Folder root, Payload payload)
    {
        var stamp = clock.GetUtcNow().UtcDateTime.ToString(StampFormat, CultureInfo.InvariantCulture);
        string name;
        do
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{stamp}.{Random.Shared.NextInt64(10_000_000_000):d10}");
        }
        while (root.Find(name) is not null);

        using var folder = root.CreateFolder(name, Modes.Folder);
        foreach (var (key, file) in payload.Files)
        {
            WriteFile(folder, key.Split('/'), file);
        }

        folder.SetOwner(Folder.Keep, _group);
        folder.SetMode(ModeOfFolders);
        return name;
    }

    private void WriteFile(Folder folder, ReadOnlySpan<string> names, PayloadFile file)
    {
        if (names.Length == 1)
        {
            folder.Write(names[0], file.Content, ModeOf(file), file.Uid ?? Folder.Keep, _group);
            return;
        }

        using var below = folder.Find(names[0]) is null ? folder.CreateFolder(names[0], Modes.Folder) : folder.OpenFolder(names[0]);
        WriteFile(below, names[1..], file);
        below.SetOwner(Folder.Keep, _group);
        below.SetMode(ModeOfFolders);
    }

    private void PutLink(Folder root, string name)
    {
        var target = $"{Data}/{name}";
        if (root.ReadLink(name) != target)
        {
            Replace(root, name, target, NewLink);
        }
    }

    /// <summary>Makes a link in place of whatever has its name.</summary>
    private void Replace(Folder root, string name, string target, string temporary)
    {
        FolderTree.Delete(root, temporary);
        root.Link(temporary, target);
        root.SetOwner(temporary, Folder.Keep, _group);
        if (root.Find(name) is { IsFolder: true })
        {
            // A link takes the place of a file or link at once, but not that of a folder, which is none of ours.
            FolderTree.Delete(root, name);
        }

        root.Rename(temporary, name);
    }

    /// <summary>Takes away what the payload does not have: links to files that went, and folders that are no longer shown.</summary>
    private void Tidy(Folder root, Payload payload, string shown, string? before)
    {
        HashSet<string> wanted = [.. payload.Roots, Data, shown];
        var isJustShown = TimeOf(shown) is { } since && clock.GetUtcNow() - since < Linger;
        foreach (var entry in root.List())
        {
            var name = entry.ToString();
            if (!wanted.Contains(name) && !(isJustShown && TimeOf(name) is not null && (before == shown || before == name)))
            {
                FolderTree.Delete(root, entry);
            }
        }
    }

    /// <summary>When a folder of a payload was made, by its name; null: it is none.</summary>
    private static DateTimeOffset? TimeOf(string name) =>
        name.LastIndexOf('.') is > 1 and var end
        && DateTimeOffset.TryParseExact(
            name[..end], StampFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;
}

/// <summary>What showing a payload has changed.</summary>
internal enum PayloadChange
{
    /// <summary>It was shown before.</summary>
    None,

    /// <summary>Nothing was shown before.</summary>
    First,

    /// <summary>Another was shown before, and lingers.</summary>
    Replaced,
}
