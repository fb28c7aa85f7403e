using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Network.Nftables;

/// <summary>
/// The kernel's flows by netlink (ctnetlink), of the network namespace in which it was opened. One call at a time.
/// </summary>
/// <remarks>
/// <code>
/// message    length u32, type u16 (1 = conntrack, then the operation), flags u16, sequence u32, port u32; in the machine's byte order
/// header     family u8, version u8, resource u16
/// attribute  length u16 (with these four bytes), type u16, value, padded to a multiple of four; numbers in values are big-endian
/// </code>
/// </remarks>
internal sealed partial class ConntrackSocket : IConntrack
{
    private const int Header = 16 + 4;
    private const int AddressFamilyNetlink = 16;
    private const int RawCloseOnExec = 3 | 0x80000;
    private const int NetlinkNetfilter = 12;
    private const int SubsystemConntrack = 1 << 8;
    private const int Get = SubsystemConntrack | 1;
    private const int DeleteFlow = SubsystemConntrack | 2;
    private const int Request = 1;
    private const int Acknowledge = 4;
    private const int Dump = 0x300;
    private const int ErrorMessage = 2;
    private const int DoneMessage = 3;
    private const int ErrorNoEntry = 2;
    private const int ErrorInterrupted = 4;

    // The kernel fills what it is given, up to this.
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly SafeFileHandle _socket;
    private uint _sequence;

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">The kernel refused: it needs root, and a kernel that follows flows.</exception>
    public ConntrackSocket()
    {
        var descriptor = Socket(AddressFamilyNetlink, RawCloseOnExec, NetlinkNetfilter);
        _socket = descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Failure("socket", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public IReadOnlyList<ConntrackEntry> List(NftFamily family)
    {
        Send(Get, Request | Dump, family, []);
        List<ConntrackEntry> entries = [];
        while (true)
        {
            var rest = Receive();
            while (rest.Length >= Header)
            {
                var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest);
                var type = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
                if (type == DoneMessage)
                {
                    return entries;
                }

                ThrowIfError(type, rest, allowed: 0);
                if (ConntrackReader.Read(rest[Header..length]) is { } entry)
                {
                    entries.Add(entry);
                }

                rest = rest[Math.Min(Align(length), rest.Length)..];
            }
        }
    }

    /// <inheritdoc/>
    public void Delete(NftFamily family, ConntrackEntry entry)
    {
        Send(DeleteFlow, Request | Acknowledge, family, entry.Identity.Span);
        var answer = Receive();
        ThrowIfError(BinaryPrimitives.ReadUInt16LittleEndian(answer[4..]), answer, ErrorNoEntry);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static int Align(int length) => (length + 3) & ~3;

    private static void ThrowIfError(int type, ReadOnlySpan<byte> message, int allowed)
    {
        if (type == ErrorMessage && -BinaryPrimitives.ReadInt32LittleEndian(message[16..]) is var errno and not 0 && errno != allowed)
        {
            throw Failure("a request", errno);
        }
    }

    private static IOException Failure(string what, int errno) =>
        new($"conntrack: {what} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})");

    private void Send(int type, int flags, NftFamily family, ReadOnlySpan<byte> attributes)
    {
        Span<byte> message = new byte[Header + attributes.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)message.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(message[4..], (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(message[6..], (ushort)flags);
        BinaryPrimitives.WriteUInt32LittleEndian(message[8..], ++_sequence);
        message[16] = (byte)(family == NftFamily.V4 ? 2 : 10);
        attributes.CopyTo(message[Header..]);
        if (Send(_socket, message, message.Length, 0) < 0)
        {
            throw Failure("send", Marshal.GetLastPInvokeError());
        }
    }

    private ReadOnlySpan<byte> Receive()
    {
        while (true)
        {
            var count = Receive(_socket, _buffer, _buffer.Length, 0);
            if (count >= Header)
            {
                return _buffer.AsSpan(0, (int)count);
            }

            if (Marshal.GetLastPInvokeError() is var errno && (count >= 0 || errno != ErrorInterrupted))
            {
                throw Failure("receive", errno);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, Span<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> bytes, nint length, int flags);
}
