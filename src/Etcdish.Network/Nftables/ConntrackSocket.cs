using System.Buffers.Binary;
using Etcdish.Network.Links;

namespace Etcdish.Network.Nftables;

/// <summary>
/// The kernel's flows by netlink (ctnetlink), of the network namespace in which it was opened. One call at a time.
/// </summary>
internal sealed class ConntrackSocket : IConntrack
{
    private const int SubsystemConntrack = 1 << 8;
    private const int Get = SubsystemConntrack | 1;
    private const int DeleteFlow = SubsystemConntrack | 2;
    private const int Dump = 0x300;
    private const int DoneMessage = 3;
    private const int ErrorNoEntry = 2;

    private readonly NetlinkSocket _socket = new();
    private uint _sequence;

    /// <inheritdoc/>
    public IReadOnlyList<ConntrackEntry> List(NftFamily family)
    {
        Send(Get, NetlinkWriter.Request | Dump, family, []);
        List<ConntrackEntry> entries = [];
        while (true)
        {
            var rest = _socket.Receive();
            while (rest.Length >= NetlinkWriter.HeaderLength)
            {
                var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(rest);
                var type = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
                if (type == DoneMessage)
                {
                    return entries;
                }

                ThrowIfError(type, rest, allowed: 0);
                if (ConntrackReader.Read(rest[NetlinkWriter.HeaderLength..length]) is { } entry)
                {
                    entries.Add(entry);
                }

                rest = rest[Math.Min(NetlinkWriter.Align(length), rest.Length)..];
            }
        }
    }

    /// <inheritdoc/>
    public void Delete(NftFamily family, ConntrackEntry entry)
    {
        Send(DeleteFlow, NetlinkWriter.Request | NetlinkWriter.Acknowledge, family, entry.Identity.Span);
        var answer = _socket.Receive();
        ThrowIfError(BinaryPrimitives.ReadUInt16LittleEndian(answer[4..]), answer, ErrorNoEntry);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static void ThrowIfError(int type, ReadOnlySpan<byte> message, int allowed)
    {
        if (type == NetlinkWriter.ErrorMessage
            && -BinaryPrimitives.ReadInt32LittleEndian(message[16..]) is var errno and not 0 && errno != allowed)
        {
            throw NetlinkSocket.Failure("conntrack: a request", errno);
        }
    }

    private void Send(int type, int flags, NftFamily family, ReadOnlySpan<byte> attributes)
    {
        var writer = new NetlinkWriter();
        var start = writer.BeginMessage(type, flags, ++_sequence, family.Number);
        writer.Raw(attributes);
        writer.EndMessage(start);
        _socket.Send(writer.Written);
    }
}
