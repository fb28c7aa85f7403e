using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Etcdish.Network.Links;

/// <summary>
/// A socket to the part of the kernel that filters and follows packets (NETLINK_NETFILTER), in the network namespace of the thread that
/// opened it, for as long as it lives. One call at a time. The kernel carries a request out before <see cref="Send(ReadOnlySpan{byte})"/> returns.
/// </summary>
internal sealed partial class NetlinkSocket : IDisposable
{
    private const int AddressFamilyNetlink = 16;
    private const int RawCloseOnExec = 3 | 0x80000;
    private const int NetlinkNetfilter = 12;
    private const int DoNotWait = 0x40;
    private const int ErrorInterrupted = 4;
    private const int ErrorAgain = 11;

    // The kernel fills what it is given, up to this.
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly SafeFileHandle _socket;

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">The kernel refused: it needs root.</exception>
    public NetlinkSocket()
    {
        var descriptor = Socket(AddressFamilyNetlink, RawCloseOnExec, NetlinkNetfilter);
        _socket = descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Failure("socket", Marshal.GetLastPInvokeError());
    }

    /// <summary>What went wrong, in the kernel's words.</summary>
    public static IOException Failure(string what, int errno) =>
        new($"{what} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})");

    /// <summary>Sends messages in one piece.</summary>
    /// <exception cref="IOException">The kernel did not take them.</exception>
    public void Send(ReadOnlySpan<byte> messages)
    {
        if (Send(_socket, messages, messages.Length, 0) < 0)
        {
            throw Failure("netlink send", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Waits for messages; they are good until the next call.</summary>
    /// <exception cref="IOException">The kernel has lost answers, or there are none to come.</exception>
    public ReadOnlySpan<byte> Receive()
    {
        TryReceive(0, out var messages);
        return messages;
    }

    /// <summary>Takes messages that are there; they are good until the next call. False: there are no more.</summary>
    /// <exception cref="IOException">The kernel has lost answers.</exception>
    public bool TryReceive(out ReadOnlySpan<byte> messages) => TryReceive(DoNotWait, out messages);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private bool TryReceive(int flags, out ReadOnlySpan<byte> messages)
    {
        while (true)
        {
            var count = Receive(_socket, _buffer, _buffer.Length, flags);
            if (count >= NetlinkWriter.HeaderLength)
            {
                messages = _buffer.AsSpan(0, (int)count);
                return true;
            }

            var errno = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (errno == ErrorAgain && flags == DoNotWait)
            {
                messages = default;
                return false;
            }

            if (errno != ErrorInterrupted)
            {
                throw Failure("netlink receive", errno);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> bytes, nint length, int flags);
}
