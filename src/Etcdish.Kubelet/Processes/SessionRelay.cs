using Etcdish.Streaming;

namespace Etcdish.Kubelet.Processes;

/// <summary>Carries bytes between a client's session and a command.</summary>
internal static class SessionRelay
{
    private const int BlockBytes = 32 * 1024;

    /// <summary>Carries the client's input to a command, until one of them ends.</summary>
    /// <param name="from">The client's; null: there is none.</param>
    /// <param name="to">The command's.</param>
    /// <param name="keepOpen">Whether the command's stays open when there is none of the client: a terminal has no end.</param>
    public static async Task InputAsync(SessionStream? from, Stream to, bool keepOpen)
    {
        if (from is null)
        {
            if (!keepOpen)
            {
                to.Close();
            }

            return;
        }

        try
        {
            await from.CopyToAsync(to, BlockBytes);
            await to.FlushAsync();
            to.Close();
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The command reads no more, or the client is gone: then the command is killed.
            from.Dispose();
        }
    }

    /// <summary>Carries a command's output to its end; what the client does not want is thrown away.</summary>
    public static async Task OutputAsync(Stream from, SessionStream? to, CancellationToken gone)
    {
        try
        {
            await from.CopyToAsync(to ?? Stream.Null, BlockBytes, gone);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The client is gone.
        }
    }

    /// <summary>Whether a failure says that a client or a command is gone.</summary>
    public static bool IsEnd(Exception e) => e is IOException or OperationCanceledException or ObjectDisposedException;
}
