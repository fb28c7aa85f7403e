using Microsoft.AspNetCore.Http;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// What header blocks do: they open streams or end requests. Every block is decoded, also that of a stream which is refused, because the
/// compression of the next depends on it. Belongs to the read loop.
/// </summary>
internal sealed class HeaderReceiver
{
    private readonly Http2Connection _connection;
    private readonly RpcServerOptions _options;
    private readonly HeaderAssembler _assembler;
    private readonly HpackDecoder _decoder;
    private readonly List<HeaderField> _trailers = [];
    private bool _dependsOnItself;

    public HeaderReceiver(Http2Connection connection)
    {
        // A block is shorter than its list, but for the updates of the table's size and fields over the bound, which are decoded in vain.
        const int BlockBytesPerListByte = 2;
        _connection = connection;
        _options = connection.Options;
        _assembler = new HeaderAssembler(connection.Clock, _options.MaxRequestHeaderBytes * BlockBytesPerListByte);
        _decoder = new HpackDecoder(HpackDecoder.InitialTableBytes, _options.MaxRequestHeaderBytes);
    }

    /// <summary>The stream whose header block is not at its end; 0 when there is none.</summary>
    public int OpenStreamId => _assembler.StreamId;

    /// <summary>When that block began, see <see cref="HeaderAssembler.Since"/>.</summary>
    public long OpenSince => _assembler.Since;

    public void Begin(in FrameHeader header, ReadOnlySpan<byte> fragment, bool dependsOnItself)
    {
        _dependsOnItself = dependsOnItself;
        if (header.Has(FrameFlags.EndHeaders))
        {
            OnBlock(header.StreamId, header.Flags, fragment);
        }
        else
        {
            _assembler.Begin(header.StreamId, header.Flags, fragment);
        }
    }

    public void Continue(in FrameHeader header, ReadOnlySpan<byte> fragment)
    {
        _assembler.Continue(fragment);
        if (header.Has(FrameFlags.EndHeaders))
        {
            OnBlock(_assembler.StreamId, _assembler.Flags, _assembler.Block);
            _assembler.End();
        }
    }

    /// <summary>Frees the memory of a block that will not be finished.</summary>
    public void Abandon() => _assembler.End();

    private void OnBlock(int streamId, byte flags, ReadOnlySpan<byte> block)
    {
        bool isEnd = (flags & FrameFlags.EndStream) != 0;
        if (streamId > _connection.Opener.LastStreamId)
        {
            Open(streamId, block, isEnd);
            return;
        }

        _trailers.Clear();
        Decode(block, _trailers);
        if (_connection.TryFindForFrame(streamId, out Http2Stream? stream))
        {
            OnTrailers(stream, isEnd);
        }
    }

    private void Open(int streamId, ReadOnlySpan<byte> block, bool isEnd)
    {
        Http2Stream stream = _connection.Streams.Rent();
        Decode(block, stream.Fields);
        switch (_connection.Opener.Admit(streamId))
        {
            case Admission.Ignored:
                _connection.Streams.Return(stream);
                return;
            case Admission.Refused:
                _connection.Opener.Refuse(streamId, Http2ErrorCode.RefusedStream);
                _connection.Streams.Return(stream);
                return;
            default:
                break;
        }

        if (_decoder.IsListTooLarge)
        {
            _connection.Opener.Refuse(streamId, StatusCodes.Status431RequestHeaderFieldsTooLarge, isEnd);
            _connection.Streams.Return(stream);
        }
        else if (_dependsOnItself || !RequestHead.TryParse(stream.Fields, out RequestHead head))
        {
            _connection.Opener.Refuse(streamId, Http2ErrorCode.ProtocolError);
            _connection.Streams.Return(stream);
        }
        else
        {
            _connection.Opener.Open(stream, streamId, head);
            if (isEnd)
            {
                stream.ReceiveEnd();
            }
        }
    }

    // A second block on a stream are its trailers, which end it. Nothing of gRPC is in a request's trailers: they are checked and dropped.
    private void OnTrailers(Http2Stream stream, bool isEnd)
    {
        if (stream.IsRemoteClosed)
        {
            stream.Reset(Http2ErrorCode.StreamClosed);
        }
        else if (!isEnd || _dependsOnItself || _decoder.IsListTooLarge || !RequestHead.AreTrailersValid(_trailers))
        {
            stream.Reset(Http2ErrorCode.ProtocolError);
        }
        else
        {
            stream.ReceiveEnd();
        }
    }

    private void Decode(ReadOnlySpan<byte> block, List<HeaderField> fields)
    {
        try
        {
            _decoder.Decode(block, fields);
        }
        catch (HpackException malformed)
        {
            throw new Http2ConnectionException(Http2ErrorCode.CompressionError, malformed.Message);
        }
    }
}
