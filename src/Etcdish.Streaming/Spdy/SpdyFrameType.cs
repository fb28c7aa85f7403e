namespace Etcdish.Streaming.Spdy;

/// <summary>Types of SPDY/3.1 frames (section 2.6). DATA has no number of its own on the wire.</summary>
internal enum SpdyFrameType
{
    Data = 0,
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>Flags of frames.</summary>
[Flags]
internal enum SpdyFlags : byte
{
    None = 0,

    /// <summary>The sender's last frame on the stream.</summary>
    Fin = 1,

    /// <summary>Of SYN_STREAM: the receiver may not write on the stream.</summary>
    Unidirectional = 2,
}

/// <summary>Why a stream was reset (section 2.6.3).</summary>
public enum SpdyResetCode
{
    /// <summary>A rule was broken that has no code of its own.</summary>
    ProtocolError = 1,

    /// <summary>A frame for a stream that is not open.</summary>
    InvalidStream = 2,

    /// <summary>The stream was refused before anything was done with it.</summary>
    RefusedStream = 3,

    /// <summary>Another version of SPDY.</summary>
    UnsupportedVersion = 4,

    /// <summary>Whoever opened the stream does not want it any more.</summary>
    Cancel = 5,

    /// <summary>The sender failed.</summary>
    InternalError = 6,

    /// <summary>More was sent than the window allows.</summary>
    FlowControlError = 7,
}

/// <summary>Why a connection ends (section 2.6.6).</summary>
internal enum SpdyGoAwayCode
{
    Ok = 0,
    ProtocolError = 1,
    InternalError = 2,
}
