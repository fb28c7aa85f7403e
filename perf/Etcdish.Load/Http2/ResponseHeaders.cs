using System.Globalization;
using Etcdish.Rpc.Http2;

namespace Etcdish.Load.Http2;

/// <summary>
/// Reads the server's header blocks, by the decoder of the RPC layer, for the three fields that matter: :status, grpc-status and
/// grpc-message. Nothing is allocated unless the server adds to the table or spells out a value.
/// </summary>
internal sealed class ResponseHeaders
{
    private const int MaxListBytes = 64 << 10;

    private readonly HpackDecoder _decoder = new(HpackDecoder.InitialTableBytes, MaxListBytes);
    private readonly List<HeaderField> _fields = [];

    /// <summary>HTTP status of the last block, 0 when it had none.</summary>
    public int HttpStatus { get; private set; }

    /// <summary>gRPC status of the last block, −1 when it had none.</summary>
    public int GrpcStatus { get; private set; }

    /// <summary>grpc-message of the last block, as sent.</summary>
    public string GrpcMessage { get; private set; } = "";

    /// <summary>Reads the next block.</summary>
    /// <exception cref="HpackException">It is malformed.</exception>
    public void Decode(ReadOnlySpan<byte> block)
    {
        HttpStatus = 0;
        GrpcStatus = -1;
        GrpcMessage = "";
        _fields.Clear();
        _decoder.Decode(block, _fields);
        foreach (HeaderField field in _fields)
        {
            switch (field.Known)
            {
                case KnownHeader.Status:
                    HttpStatus = NumberOf(field);
                    break;
                case KnownHeader.GrpcStatus:
                    GrpcStatus = NumberOf(field);
                    break;
                case KnownHeader.GrpcMessage:
                    GrpcMessage = field.Value;
                    break;
                default:
                    break;
            }
        }
    }

    private static int NumberOf(HeaderField field) =>
        int.TryParse(field.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;
}
