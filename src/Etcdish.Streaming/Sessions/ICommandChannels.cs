namespace Etcdish.Streaming.Sessions;

/// <summary>The streams of a command's session, whatever protocol carries them.</summary>
internal interface ICommandChannels : IAsyncDisposable
{
    SessionStream? Stdin { get; }

    SessionStream? Stdout { get; }

    SessionStream? Stderr { get; }

    /// <summary>Sizes of the client's terminal, or null.</summary>
    SessionStream? Resize { get; }

    /// <summary>Where the command's end is told.</summary>
    SessionStream Error { get; }

    /// <summary>Whether its end is told as a Status object.</summary>
    bool HasStatus { get; }

    /// <summary>Cancelled when the client is gone.</summary>
    CancellationToken Closed { get; }

    /// <summary>Takes leave of the client.</summary>
    Task CloseAsync();
}
