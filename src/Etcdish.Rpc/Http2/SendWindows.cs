namespace Etcdish.Rpc.Http2;

/// <summary>
/// How the client's WINDOW_UPDATEs and SETTINGS change what may be sent to it (RFC 9113, section 6.9). Called by the read loop.
/// </summary>
internal sealed class SendWindows(Http2Connection connection)
{
    private int _initial = PeerSettings.DefaultWindow;

    /// <summary>What a new stream begins with.</summary>
    public int Initial => _initial;

    /// <summary>The client takes more on the whole connection.</summary>
    public void Add(int increment)
    {
        lock (connection.Output.Gate)
        {
            if (!connection.Output.AddWindow(increment))
            {
                throw new Http2ConnectionException(Http2ErrorCode.FlowControlError, "the connection's window is too large");
            }
        }
    }

    /// <summary>The client takes more on a stream; too much, or nothing, costs the stream.</summary>
    public void Add(Http2Stream stream, int increment)
    {
        Http2ErrorCode error;
        lock (connection.Output.Gate)
        {
            stream.Response.Window += increment;
            error = increment == 0 ? Http2ErrorCode.ProtocolError
                : stream.Response.Window > int.MaxValue ? Http2ErrorCode.FlowControlError
                : Http2ErrorCode.NoError;
            if (error == Http2ErrorCode.NoError)
            {
                stream.Response.OfferIfBegun();
            }
        }

        if (error != Http2ErrorCode.NoError)
        {
            stream.Reset(error);
        }
    }

    /// <summary>Applies and acknowledges a client's settings. A change of the initial window is one of every stream's.</summary>
    public void Apply(ReadOnlySpan<byte> payload)
    {
        int window = PeerSettings.ReadInitialWindow(payload, _initial);
        long change = (long)window - _initial;
        _initial = window;
        lock (connection.Output.Gate)
        {
            connection.Output.WriteFrame(FrameKind.Settings, FrameFlags.Ack, 0, 0);
            if (change == 0)
            {
                return;
            }

            foreach (Http2Stream stream in connection.Streams.All)
            {
                stream.Response.Window += change;
                if (stream.Response.Window > int.MaxValue)
                {
                    throw new Http2ConnectionException(Http2ErrorCode.FlowControlError, "SETTINGS make a stream's window too large");
                }

                stream.Response.OfferIfBegun();
            }
        }
    }
}
