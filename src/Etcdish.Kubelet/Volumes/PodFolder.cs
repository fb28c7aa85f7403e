namespace Etcdish.Kubelet.Volumes;

/// <summary>The folder of a pod: makes it, and takes it away with all that is mounted and lies in it.</summary>
internal static class PodFolder
{
    private const UnixFileMode KubeletOnly = (UnixFileMode)Modes.Private;

    /// <summary>Makes it.</summary>
    public static void Make(string path)
    {
        Directory.CreateDirectory(path, KubeletOnly);
        Directory.CreateDirectory(Path.Combine(path, "volumes"), KubeletOnly);
    }

    /// <summary>Takes it away. What was mounted in it is unmounted and not touched; what is linked from it stays.</summary>
    /// <exception cref="IOException">Something in it is in use.</exception>
    public static void Remove(string parent, string uid)
    {
        if (!Directory.Exists(Path.Combine(parent, uid)))
        {
            return;
        }

        MountTable.UnmountBelow(Path.Combine(parent, uid));
        using var pods = Folder.Open(parent);
        FolderTree.Delete(pods, uid);
    }

    /// <summary>Whether a text can be the name of a folder within another.</summary>
    public static bool IsName(string text) => text.Length is > 0 and < 254 && text is not ("." or "..") && text.AsSpan().IndexOfAny('/', '\0') < 0;
}
