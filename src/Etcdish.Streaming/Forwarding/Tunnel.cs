using Microsoft.AspNetCore.Connections;

namespace Etcdish.Streaming.Forwarding;

/// <summary>
/// Carries bytes between two upgraded connections. It knows no protocol, so it keeps whatever these say, such as the end of one direction
/// of one of their streams.
/// </summary>
internal static class Tunnel
{
    /// <summary>
    /// Runs until either side hangs up: the protocols take leave before they do, so that nothing is on its way then. Both connections
    /// are the caller's, and of no use behind it.
    /// </summary>
    public static async Task RunAsync(Stream client, Stream backend, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var toBackend = CopyAsync(client, backend, end.Token);
        var toClient = CopyAsync(backend, client, end.Token);
        await Task.WhenAny(toBackend, toClient);
        await end.CancelAsync();
        await backend.DisposeAsync();
        await Task.WhenAll(toBackend, toClient);
    }

    private static async Task CopyAsync(Stream source, Stream target, CancellationToken cancellation)
    {
        try
        {
            await source.CopyToAsync(target, cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or ConnectionAbortedException)
        {
            // A side that is gone ends the tunnel, like one that hung up.
        }
    }
}
