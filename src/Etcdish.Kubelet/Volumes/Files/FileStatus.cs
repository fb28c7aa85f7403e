namespace Etcdish.Kubelet.Volumes;

/// <summary>What is known of a file, folder or link, of itself and not of what it leads to.</summary>
/// <param name="Type">Its type, as in the high bits of a mode.</param>
/// <param name="Mode">The lower twelve bits of its mode.</param>
/// <param name="Uid">Whose it is.</param>
/// <param name="Gid">Whose group's it is.</param>
/// <param name="Inode">Its number in its file system.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Bytes">What it takes of the disk.</param>
/// <param name="Mount">The mount it is in.</param>
/// <param name="IsMountRoot">Whether something is mounted just here.</param>
internal readonly record struct FileStatus(
    FileType Type, int Mode, uint Uid, uint Gid, ulong Inode, uint Links, long Bytes, ulong Mount, bool IsMountRoot)
{
    /// <summary>The basic ones and the mount, for statx.</summary>
    public const uint Wanted = 0x7FF | 0x1000;

    private const int PermissionBits = 0xFFF;
    private const ulong MountRootAttribute = 0x2000;
    private const int BlockBytes = 512;

    public bool IsFolder => Type == FileType.Folder;

    /// <summary>What a path leads to, over links; null: nothing.</summary>
    public static unsafe FileStatus? Of(string path)
    {
        EntryName name = path;
        Libc.RawStatus raw;
        fixed (byte* bytes = name.Bytes)
        {
            if (Libc.StatusAt(Libc.CurrentFolder, bytes, 0, Wanted, &raw) == 0)
            {
                return From(raw);
            }

            var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
            return errno is Libc.ErrorAbsent or Libc.ErrorNotFolder ? null : throw Libc.Failure(path, errno);
        }
    }

    public static FileStatus From(in Libc.RawStatus raw) => new(
        (FileType)(raw.Mode & ~PermissionBits),
        raw.Mode & PermissionBits,
        raw.Uid,
        raw.Gid,
        raw.Inode,
        raw.Links,
        (long)raw.Blocks * BlockBytes,

        // The number of a mount, or, from a kernel before 5.8, that of the device.
        raw.MountId != 0 ? raw.MountId : ((ulong)raw.DeviceMajor << 32) | raw.DeviceMinor,
        (raw.Attributes & MountRootAttribute) != 0);
}

/// <summary>Types of files, as modes have them.</summary>
internal enum FileType
{
    Pipe = 0x1000,
    CharDevice = 0x2000,
    Folder = 0x4000,
    BlockDevice = 0x6000,
    File = 0x8000,
    Link = 0xA000,
    Socket = 0xC000,
}
