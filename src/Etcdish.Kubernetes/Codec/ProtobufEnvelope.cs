using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>
/// Kubernetes' wrapping of protobuf: the four bytes <c>k8s\0</c>, then a message
/// <c>{1: {1: apiVersion, 2: kind}, 2: object, 3: content encoding, 4: content type}</c>, of which the last two are empty.
/// </summary>
internal readonly ref struct ProtobufEnvelope
{
    public ObjectHeader Header { get; private init; }

    public ReadOnlySpan<byte> Raw { get; private init; }

    /// <summary>Whether the object is JSON text all the same.</summary>
    public bool IsJson { get; private init; }

    public static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    public static bool IsEnvelope(ReadOnlySpan<byte> body) => body.StartsWith(Magic);

    public static ProtobufEnvelope Read(ReadOnlySpan<byte> body)
    {
        if (!IsEnvelope(body))
        {
            throw new WireFormatException("the body is no Kubernetes protobuf: it does not start with k8s\\0");
        }

        ReadOnlySpan<byte> header = default, raw = default, encoding = default, contentType = default;
        var reader = new WireReader(body[Magic.Length..]);
        while (!reader.IsAtEnd)
        {
            switch (reader.ReadTag())
            {
                case (1, WireType.Bytes): header = reader.ReadBytes(); break;
                case (2, WireType.Bytes): raw = reader.ReadBytes(); break;
                case (3, WireType.Bytes): encoding = reader.ReadBytes(); break;
                case (4, WireType.Bytes): contentType = reader.ReadBytes(); break;
                case var (_, wire): reader.Skip(wire); break;
            }
        }

        if (!encoding.IsEmpty)
        {
            throw new WireFormatException("the envelope's content encoding is not supported");
        }

        return new ProtobufEnvelope { Header = ReadHeader(header), Raw = raw, IsJson = contentType.SequenceEqual("application/json"u8) };
    }

    public static void Write(MessageBuffer buffer, in ObjectHeader header, int start)
    {
        buffer.WrapFrom(start, 2);
        var typeMeta = buffer.Length;
        buffer.AppendBytes(1, Encoding.UTF8.GetBytes(header.ApiVersion));
        buffer.AppendBytes(2, Encoding.UTF8.GetBytes(header.Kind));
        buffer.WrapFrom(typeMeta, 1);

        // The parts so far are {2: object}{1: header}: the header goes first.
        var headerLength = buffer.Length - typeMeta;
        var end = buffer.Length;
        buffer.Append(Magic);
        buffer.AppendCopy(typeMeta, headerLength);
        buffer.AppendCopy(start, typeMeta - start);
        buffer.AppendBytes(3, []);
        buffer.AppendBytes(4, []);
        buffer.MoveDown(end, start);
    }

    private static ObjectHeader ReadHeader(ReadOnlySpan<byte> message)
    {
        string apiVersion = "", kind = "";
        var reader = new WireReader(message);
        while (!reader.IsAtEnd)
        {
            switch (reader.ReadTag())
            {
                case (1, WireType.Bytes): apiVersion = Encoding.UTF8.GetString(reader.ReadBytes()); break;
                case (2, WireType.Bytes): kind = Encoding.UTF8.GetString(reader.ReadBytes()); break;
                case var (_, wire): reader.Skip(wire); break;
            }
        }

        return new ObjectHeader(apiVersion, kind);
    }
}
