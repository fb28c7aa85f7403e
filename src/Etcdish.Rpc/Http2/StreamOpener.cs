namespace Etcdish.Rpc.Http2;

/// <summary>
/// Opens or refuses the streams that a client asks for, and starts their calls when all that arrived with them has been looked at.
/// Belongs to the read loop.
/// </summary>
internal sealed class StreamOpener(Http2Connection connection)
{
    private readonly List<Http2Stream> _opened = [];
    private int _lastStreamId;

    /// <summary>The highest stream that the client opened.</summary>
    public int LastStreamId => Volatile.Read(ref _lastStreamId);

    /// <summary>Decides on a new stream.</summary>
    public Admission Admit(int streamId)
    {
        lock (connection.Output.Gate)
        {
            if (connection.Life.IsShutDown)
            {
                return Admission.Ignored;
            }

            Volatile.Write(ref _lastStreamId, streamId);

            // Calls of streams that the client reset run on for a moment. They count apart, because a client cannot know of them.
            int most = connection.Options.MaxStreamsPerConnection;
            bool isRoom = connection.Streams.OnWire < most && connection.Streams.Live < 2L * most;
            return isRoom ? Admission.Accepted : Admission.Refused;
        }
    }

    /// <summary>Opens a stream; its call starts with <see cref="StartAll"/>.</summary>
    public void Open(Http2Stream stream, int streamId, in RequestHead head)
    {
        stream.Open(streamId, head, connection.Options.StreamWindowBytes);
        _opened.Add(stream);
        lock (connection.Output.Gate)
        {
            stream.Response.Window = connection.Windows.Initial;
            connection.Streams.Add(streamId, stream);
        }
    }

    /// <summary>Resets a stream that is not opened.</summary>
    public void Refuse(int streamId, Http2ErrorCode code)
    {
        lock (connection.Output.Gate)
        {
            connection.WriteReset(streamId, code);
        }
    }

    /// <summary>Answers a stream that is not opened by a status of HTTP.</summary>
    public void Refuse(int streamId, int status, bool isRequestEnded)
    {
        lock (connection.Output.Gate)
        {
            connection.Output.WriteHeaders(streamId, ResponseBlocks.StatusOnly(status).Span, isEnd: true);
            if (!isRequestEnded)
            {
                connection.WriteReset(streamId, Http2ErrorCode.NoError);
            }
        }
    }

    /// <summary>Starts calls when all that arrived has been looked at: those that the client has reset meanwhile never run.</summary>
    public void StartAll()
    {
        foreach (Http2Stream stream in _opened)
        {
            if (stream.IsReset)
            {
                stream.EndUnstarted();
            }
            else if (stream.RunsInline)
            {
                stream.Execute();
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(stream, preferLocal: false);
            }
        }

        _opened.Clear();
    }

    /// <summary>The connection ends before these calls have begun.</summary>
    public void AbandonAll()
    {
        foreach (Http2Stream stream in _opened)
        {
            stream.Abort();
            stream.EndUnstarted();
        }

        _opened.Clear();
    }
}
