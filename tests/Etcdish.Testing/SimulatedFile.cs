using System.Numerics;
using Etcdish.Log;

namespace Etcdish.Testing;

/// <summary>
/// A file of a <see cref="SimulatedDisk"/>: what readers see, and what the device holds, in pages. A page that is all zeros is not there,
/// and one that was synced is the same on both sides until it is written again: so files that are long and mostly empty cost little.
/// </summary>
internal sealed class SimulatedFile : IDiskFile
{
    private const int SectorBytes = 512;
    private const int SectorsPerPage = 2;
    private const int PageBytes = SectorsPerPage * SectorBytes;

    private readonly SimulatedDisk _disk;

    // Pages of the device are never changed in place: files of restarted disks share them.
    private byte[]?[] _pages = [];
    private byte[]?[] _durablePages = [];

    // A bit for each sector of a page that was written and not synced.
    private byte[] _pending = [];
    private int _pendingSectors;
    private int _length;
    private int _durableLength;
    private bool _cacheDiffers;

    public SimulatedFile(SimulatedDisk disk) => _disk = disk;

    public long Length => _length;

    public byte[] Content()
    {
        byte[] content = new byte[_length];
        Copy(0, content);
        return content;
    }

    /// <summary>New bytes for all of it, in the cache and on the device.</summary>
    public void Replace(byte[] bytes)
    {
        SetLength(bytes.Length);
        _durableLength = bytes.Length;
        for (int page = 0; page < _pages.Length; page++)
        {
            ReadOnlySpan<byte> source = PageOf(bytes, page);
            byte[]? content = source.ContainsAnyExcept((byte)0) ? new byte[PageBytes] : null;
            source[..(content is null ? 0 : source.Length)].CopyTo(content);
            _pages[page] = content;
            _durablePages[page] = content;
        }

        ForgetPending();
    }

    /// <summary>One byte changes, in the cache and on the device.</summary>
    public void Damage(int offset, byte value)
    {
        (int page, int place) = (offset / PageBytes, offset % PageBytes);
        bool wasShared = _pages[page] == _durablePages[page];
        byte[] durable = [.. _durablePages[page] ?? new byte[PageBytes]];
        if (offset < _durableLength)
        {
            durable[place] = value;
            _durablePages[page] = durable;
        }

        if (wasShared && offset < _durableLength)
        {
            _pages[page] = durable;
        }
        else
        {
            OwnPage(page)[place] = value;
        }
    }

    public int Read(Span<byte> destination, long offset)
    {
        _disk.ThrowIfDown();
        int count = (int)Math.Clamp(_length - offset, 0, destination.Length);
        Copy((int)Math.Min(offset, _length), destination[..count]);
        return count;
    }

    public void Write(ReadOnlySpan<byte> source, long offset)
    {
        _disk.Step(DiskOperation.Write, source.Length);
        Grow(offset + source.Length);
        MarkPending(offset, source.Length);
        int at = (int)offset;
        while (source.Length > 0)
        {
            int count = Math.Min(source.Length, PageBytes - at % PageBytes);
            source[..count].CopyTo(OwnPage(at / PageBytes).AsSpan(at % PageBytes));
            source = source[count..];
            at += count;
        }
    }

    public void ZeroFill(long length, Action? pause = null)
    {
        long from = _length;
        _disk.Step(DiskOperation.Write, length - from);
        Grow(length);
        MarkPending(from, length - from);
    }

    public void Sync()
    {
        if (!_disk.BeginSync((long)_pendingSectors * SectorBytes))
        {
            // The kernel marks the pages clean: the cache goes on showing what the device never got.
            ForgetPending();
            _cacheDiffers = true;
            throw new IOException("simulated EIO");
        }

        if (_disk.IgnoresSyncs)
        {
            return;
        }

        _durableLength = _length;
        for (int page = 0; page < _pages.Length && _pendingSectors > 0; page++)
        {
            SyncPage(page);
        }
    }

    public void RereadFromDevice()
    {
        _disk.ThrowIfDown();
        if (_cacheDiffers && _pendingSectors == 0)
        {
            SetLength(_durableLength);
            _durablePages.CopyTo(_pages, 0);
            _cacheDiffers = false;
        }
    }

    public void Dispose()
    {
    }

    /// <summary>What is found of it after a power loss: each pending sector, and the length if that was pending, is new, old or torn.</summary>
    public SimulatedFile AfterCrash(SimulatedDisk next, Random random)
    {
        int length = _durableLength != _length && random.Next(2) == 0 ? _length : _durableLength;
        SimulatedFile survivor = new(next);
        survivor.SetLength(length);
        Array.Copy(_durablePages, survivor._durablePages, Math.Min(_durablePages.Length, survivor._durablePages.Length));
        for (int page = 0; page < survivor._pages.Length && page < _pages.Length; page++)
        {
            for (int mask = _pending[page]; mask != 0; mask &= mask - 1)
            {
                KeepPart(survivor, length, page, BitOperations.TrailingZeroCount(mask), random);
            }
        }

        survivor._durableLength = length;
        survivor._durablePages.CopyTo(survivor._pages, 0);
        return survivor;
    }

    private void KeepPart(SimulatedFile survivor, int length, int page, int sector, Random random)
    {
        int start = sector * SectorBytes;
        int count = Math.Min(SectorBytes, Math.Min(length, _length) - page * PageBytes - start);
        if (count <= 0)
        {
            return;
        }

        int kept = random.Next(3) switch
        {
            0 => count,
            1 => random.Next(count),
            _ => 0,
        };
        byte[]? written = _pages[page];
        byte[]? target = survivor._durablePages[page];
        if (kept == 0 || written == target)
        {
            return;
        }

        if (target is null || target == _durablePages[page])
        {
            survivor._durablePages[page] = target = [.. target ?? new byte[PageBytes]];
        }

        (written ?? new byte[PageBytes]).AsSpan(start, kept).CopyTo(target.AsSpan(start));
    }

    private void SyncPage(int page)
    {
        int mask = _pending[page];
        if (mask == 0)
        {
            return;
        }

        _pending[page] = 0;
        _pendingSectors -= BitOperations.PopCount((uint)mask);
        if (!_cacheDiffers)
        {
            _durablePages[page] = _pages[page];
            return;
        }

        // Sectors whose sync failed once are shown by the cache and not on the device.
        byte[] durable = [.. _durablePages[page] ?? new byte[PageBytes]];
        for (; mask != 0; mask &= mask - 1)
        {
            int start = BitOperations.TrailingZeroCount(mask) * SectorBytes;
            (_pages[page] ?? new byte[PageBytes]).AsSpan(start, SectorBytes).CopyTo(durable.AsSpan(start));
        }

        _durablePages[page] = durable;
    }

    private void Copy(int at, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            int count = Math.Min(destination.Length, PageBytes - at % PageBytes);
            if (_pages[at / PageBytes] is { } page)
            {
                page.AsSpan(at % PageBytes, count).CopyTo(destination);
            }
            else
            {
                destination[..count].Clear();
            }

            destination = destination[count..];
            at += count;
        }
    }

    private byte[] OwnPage(int page)
    {
        byte[]? content = _pages[page];
        if (content is null || content == _durablePages[page])
        {
            _pages[page] = content = [.. content ?? new byte[PageBytes]];
        }

        return content;
    }

    private void Grow(long length)
    {
        if (length > _length)
        {
            if (_disk.FreeBytes("") < length - _length)
            {
                throw new DiskFullException("simulated ENOSPC", null);
            }

            SetLength((int)length);
        }
    }

    private void SetLength(int length)
    {
        _length = length;
        int pages = (length + PageBytes - 1) / PageBytes;
        if (pages != _pages.Length)
        {
            Array.Resize(ref _pages, pages);
            Array.Resize(ref _durablePages, pages);
            Array.Resize(ref _pending, pages);
        }
    }

    private void MarkPending(long offset, long count)
    {
        for (long sector = offset / SectorBytes; count > 0 && sector <= (offset + count - 1) / SectorBytes; sector++)
        {
            int page = (int)(sector / SectorsPerPage);
            int bit = 1 << (int)(sector % SectorsPerPage);
            _pendingSectors += (_pending[page] & bit) == 0 ? 1 : 0;
            _pending[page] |= (byte)bit;
        }
    }

    private void ForgetPending()
    {
        Array.Clear(_pending);
        _pendingSectors = 0;
    }

    private static ReadOnlySpan<byte> PageOf(byte[] bytes, int page) =>
        bytes.AsSpan(page * PageBytes, Math.Min(PageBytes, bytes.Length - page * PageBytes));
}
