using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// An open folder. What is done in it is done by names of its entries and follows no link: whoever can write in a volume cannot make its
/// kubelet read, write or delete anything outside of it. Not for several threads at once.
/// </summary>
internal sealed unsafe class Folder : IDisposable
{
    /// <summary>Leaves an owner or group as it is.</summary>
    public const long Keep = -1;

    private const int ListBytes = 32 * 1024;
    private const int LongestLink = 4096;
    private readonly string _path;

    private Folder(SafeFileHandle handle, string path)
    {
        Handle = handle;
        _path = path;
    }

    /// <summary>The open folder.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>What is known of the folder itself.</summary>
    public FileStatus Status => Find("", Libc.AtEmptyPath) ?? throw Libc.Failure(_path, Libc.ErrorAbsent);

    /// <summary>Opens a folder, which may not be a link; what leads to it is trusted.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static Folder Open(string path)
    {
        EntryName name = path;
        fixed (byte* bytes = name.Bytes)
        {
            var opened = Libc.OpenAt(Libc.CurrentFolder, bytes, Libc.OpenFolder, 0);
            return opened < 0 ? throw Libc.Failure(path) : new Folder(new SafeFileHandle(opened, ownsHandle: true), path);
        }
    }

    /// <summary>Opens a folder within.</summary>
    /// <exception cref="IOException">There is none of that name.</exception>
    public Folder OpenFolder(EntryName name) => new(Open(name, Libc.OpenFolder, 0), Path.Combine(_path, name.ToString()));

    /// <summary>Makes a folder within, which must not be there, and opens it.</summary>
    public Folder CreateFolder(EntryName name, int mode)
    {
        fixed (byte* bytes = name.Bytes)
        {
            Check(Libc.MakeFolderAt(Handle, bytes, Modes.OwnerOnlyFolder), name);
        }

        var made = OpenFolder(name);
        made.SetMode(mode);
        return made;
    }

    /// <summary>Whatever is of that name, for changes of its owner or mode only.</summary>
    public SafeFileHandle OpenPathOnly(EntryName name) => Open(name, Libc.OpenPathOnly, 0);

    /// <summary>Writes a file, which must not be there.</summary>
    public void Write(EntryName name, ReadOnlySpan<byte> content, int mode, long uid, long gid)
    {
        using var file = Open(name, Libc.OpenNew, Modes.OwnerOnly);
        RandomAccess.Write(file, content, 0);
        SetOwner(file, uid, gid);
        Check(Libc.ChangeMode(file, (uint)mode), name);
    }

    /// <summary>The content of a file; null: there is none, or it is something else or longer than that.</summary>
    public byte[]? TryRead(EntryName name, int length)
    {
        if (Find(name) is not { Type: FileType.File })
        {
            return null;
        }

        using var file = Open(name, Libc.OpenRead, 0);
        var content = new byte[length + 1];
        var read = 0;
        while (read < content.Length && RandomAccess.Read(file, content.AsSpan(read), read) is var more and > 0)
        {
            read += more;
        }

        return read <= length ? content[..read] : null;
    }

    /// <summary>Where a link leads; null: there is none.</summary>
    public string? ReadLink(EntryName name)
    {
        var buffer = stackalloc byte[LongestLink];
        fixed (byte* bytes = name.Bytes)
        {
            var length = Libc.ReadLinkAt(Handle, bytes, buffer, LongestLink);
            if (length >= 0)
            {
                return System.Text.Encoding.UTF8.GetString(buffer, (int)length);
            }

            var errno = Marshal.GetLastPInvokeError();
            return errno is Libc.ErrorAbsent or Libc.ErrorInvalid ? null : throw Failure(name, errno);
        }
    }

    /// <summary>Makes a link.</summary>
    public void Link(EntryName name, EntryName target)
    {
        fixed (byte* bytes = name.Bytes)
        fixed (byte* to = target.Bytes)
        {
            Check(Libc.LinkAt(to, Handle, bytes), name);
        }
    }

    /// <summary>Gives an entry another name, also in another folder; a file or link of that name goes.</summary>
    public void Rename(EntryName from, EntryName to, Folder? into = null)
    {
        fixed (byte* bytes = from.Bytes)
        fixed (byte* newBytes = to.Bytes)
        {
            Check(Libc.RenameAt(Handle, bytes, (into ?? this).Handle, newBytes), from);
        }
    }

    /// <summary>Deletes a file or link; one that is not there is deleted.</summary>
    public void Delete(EntryName name) => Unlink(name, 0);

    /// <summary>Deletes an empty folder; one that is not there is deleted.</summary>
    public void DeleteFolder(EntryName name) => Unlink(name, Libc.AtRemoveFolder);

    /// <summary>What is known of an entry; null: there is none.</summary>
    public FileStatus? Find(EntryName name) => Find(name, Libc.AtNoFollow);

    /// <summary>Sets the folder's own mode.</summary>
    public void SetMode(int mode) => Check(Libc.ChangeMode(Handle, (uint)mode), "");

    /// <summary>Sets the folder's own owner and group.</summary>
    public void SetOwner(long uid, long gid) => SetOwner(Handle, uid, gid);

    /// <summary>Sets the owner and group of an entry, of a link itself.</summary>
    public void SetOwner(EntryName name, long uid, long gid)
    {
        fixed (byte* bytes = name.Bytes)
        {
            Check(Libc.ChangeOwnerAt(Handle, bytes, (uint)uid, (uint)gid, Libc.AtNoFollow), name);
        }
    }

    /// <summary>All entries, in no order.</summary>
    public List<EntryName> List()
    {
        List<EntryName> names = [];
        var buffer = stackalloc byte[ListBytes];
        _ = Libc.Seek(Handle, 0, 0);
        while (true)
        {
            var length = Libc.ReadFolder(Handle, buffer, ListBytes);
            if (length <= 0)
            {
                return length == 0 ? names : throw Libc.Failure(_path);
            }

            for (var rest = new ReadOnlySpan<byte>(buffer, (int)length); rest.Length > 0;)
            {
                // struct linux_dirent64: inode 8, offset 8, length of the record 2, type 1, name.
                var record = rest[..BinaryPrimitives.ReadUInt16LittleEndian(rest[16..])];
                var name = record[19..];
                name = name[..name.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    names.Add(EntryName.Copy(name));
                }

                rest = rest[record.Length..];
            }
        }
    }

    public void Dispose() => Handle.Dispose();

    public override string ToString() => _path;

    private FileStatus? Find(EntryName name, int flags)
    {
        Libc.RawStatus raw;
        fixed (byte* bytes = name.Bytes)
        {
            if (Libc.StatusAt(Handle, bytes, flags, FileStatus.Wanted, &raw) == 0)
            {
                return FileStatus.From(raw);
            }

            var errno = Marshal.GetLastPInvokeError();
            return errno == Libc.ErrorAbsent ? null : throw Failure(name, errno);
        }
    }

    private SafeFileHandle Open(EntryName name, int flags, uint mode)
    {
        fixed (byte* bytes = name.Bytes)
        {
            var opened = Libc.OpenAt(Handle, bytes, flags, mode);
            return opened < 0 ? throw Failure(name, Marshal.GetLastPInvokeError()) : new SafeFileHandle(opened, ownsHandle: true);
        }
    }

    private void SetOwner(SafeFileHandle file, long uid, long gid)
    {
        if (uid == Keep && gid == Keep)
        {
            return;
        }

        byte end = 0;
        Check(Libc.ChangeOwnerAt(file, &end, (uint)uid, (uint)gid, Libc.AtEmptyPath), "");
    }

    private void Unlink(EntryName name, int flags)
    {
        fixed (byte* bytes = name.Bytes)
        {
            if (Libc.UnlinkAt(Handle, bytes, flags) != 0 && Marshal.GetLastPInvokeError() is not Libc.ErrorAbsent and var errno)
            {
                throw Failure(name, errno);
            }
        }
    }

    private void Check(int result, EntryName name)
    {
        if (result < 0)
        {
            throw Failure(name, Marshal.GetLastPInvokeError());
        }
    }

    private IOException Failure(EntryName name, int errno) => Libc.Failure(Path.Combine(_path, name.ToString()), errno);
}
