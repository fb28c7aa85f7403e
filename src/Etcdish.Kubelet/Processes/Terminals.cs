using System.Threading.Channels;
using Etcdish.Streaming.Sessions;

namespace Etcdish.Kubelet.Processes;

/// <summary>Terminals of containers' processes.</summary>
internal static class Terminals
{
    private const string Folder = "/dev/pts/";

    /// <summary>Gives a process's terminal the sizes of a client's, from its start on, until the client is gone.</summary>
    public static async Task FollowSizesAsync(Task<StartOutcome> start, ChannelReader<TerminalSize> sizes)
    {
        if ((await start).Process is > 0 and var process)
        {
            await FollowSizesAsync(process, sizes);
        }
    }

    /// <summary>Likewise, of one that runs.</summary>
    public static async Task FollowSizesAsync(int process, ChannelReader<TerminalSize> sizes)
    {
        // Its own standard input may be led elsewhere later; at its start it is the terminal.
        var path = new FileInfo($"/proc/{process}/fd/0").LinkTarget;
        if (path is null || !path.StartsWith(Folder, StringComparison.Ordinal))
        {
            return;
        }

        await foreach (var size in sizes.ReadAllAsync())
        {
            LinuxCalls.ResizeTerminal(path, size.Height, size.Width);
        }
    }
}
