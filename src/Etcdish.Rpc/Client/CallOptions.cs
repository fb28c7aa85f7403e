namespace Etcdish.Rpc;

/// <summary>What one call on the client may set.</summary>
public readonly record struct CallOptions
{
    /// <summary>
    /// Time for the whole call; null for no deadline. The server is told; past it the call fails with
    /// <see cref="StatusCode.DeadlineExceeded"/> whatever the server does.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Headers to send.</summary>
    public Metadata? Metadata { get; init; }

    /// <summary>Ends the call: the stream is reset, and the waiting method throws <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken { get; init; }
}
