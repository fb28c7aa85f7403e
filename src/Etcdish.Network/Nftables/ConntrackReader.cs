using System.Buffers.Binary;
using System.Net;

namespace Etcdish.Network.Nftables;

/// <summary>Reads the attributes of a flow as the kernel tells them.</summary>
internal static class ConntrackReader
{
    private const int OriginalTuple = 1;
    private const int ReplyTuple = 2;
    private const int Id = 12;
    private const int Zone = 18;
    private const int TupleAddresses = 1;
    private const int TupleProtocol = 2;
    private const int TypeMask = 0x3fff;

    /// <summary>A flow; null if it has no ports.</summary>
    public static ConntrackEntry? Read(ReadOnlySpan<byte> attributes)
    {
        Tuple original = default, reply = default;
        var identity = new List<byte>(capacity: 96);
        while (TryTake(ref attributes, out var type, out var value, out var whole))
        {
            switch (type)
            {
                case OriginalTuple:
                    original = ReadTuple(value);
                    identity.AddRange(whole);
                    break;
                case ReplyTuple:
                    reply = ReadTuple(value);
                    break;
                case Id or Zone:
                    identity.AddRange(whole);
                    break;
                default:
                    break;
            }
        }

        return original.Destination is { } destination && reply.Source is { } source && original.HasPorts && reply.HasPorts
            ? new ConntrackEntry(
                original.Protocol,
                new IPEndPoint(destination, original.DestinationPort),
                new IPEndPoint(source, reply.SourcePort),
                identity.ToArray())
            : null;
    }

    private static Tuple ReadTuple(ReadOnlySpan<byte> attributes)
    {
        var tuple = default(Tuple);
        while (TryTake(ref attributes, out var type, out var value, out _))
        {
            while (type is TupleAddresses or TupleProtocol && TryTake(ref value, out var inner, out var content, out _))
            {
                tuple = type == TupleAddresses ? tuple.WithAddress(inner, content) : tuple.WithProtocol(inner, content);
            }
        }

        return tuple;
    }

    private static bool TryTake(
        ref ReadOnlySpan<byte> attributes, out int type, out ReadOnlySpan<byte> value, out ReadOnlySpan<byte> whole)
    {
        type = 0;
        value = default;
        whole = default;
        if (attributes.Length < 4)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
        if (length < 4 || length > attributes.Length)
        {
            return false;
        }

        type = BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) & TypeMask;
        value = attributes[4..length];
        var padded = Math.Min((length + 3) & ~3, attributes.Length);
        whole = attributes[..padded];
        attributes = attributes[padded..];
        return true;
    }

    private readonly record struct Tuple(
        IPAddress? Source, IPAddress? Destination, byte Protocol, ushort SourcePort, ushort DestinationPort, bool HasPorts)
    {
        public Tuple WithAddress(int type, ReadOnlySpan<byte> value) => type switch
        {
            1 or 3 => this with { Source = new IPAddress(value) },
            2 or 4 => this with { Destination = new IPAddress(value) },
            _ => this,
        };

        public Tuple WithProtocol(int type, ReadOnlySpan<byte> value) => type switch
        {
            1 => this with { Protocol = value[0] },
            2 => this with { SourcePort = BinaryPrimitives.ReadUInt16BigEndian(value), HasPorts = true },
            3 => this with { DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(value) },
            _ => this,
        };
    }
}
