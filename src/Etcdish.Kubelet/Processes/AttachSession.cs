using System.Buffers;
using Etcdish.Kubelet.Runtime;
using Etcdish.Streaming;
using Etcdish.Streaming.Sessions;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Processes;

/// <summary>A client at the streams of a container's own process: its output from now on, and its input if it has one.</summary>
internal static class AttachSession
{
    private const int BlockBytes = 32 * 1024;

    public static async Task ServeAsync(HttpContext http, ProcessContainer container, AttachedStreams streams)
    {
        var settings = container.Record.Settings;
        var process = container.RunningProcess();
        var wanted = new CommandStreams(streams.Stdin, streams.Stdout, streams.Stderr && !settings.Tty, settings.Tty);
        await using var session = await RemoteCommandSession.AcceptAsync(http, wanted, new StreamingLimits());
        if (session is null)
        {
            return;
        }

        // From here on, before there is any input: its answer may come at once.
        var stdout = FollowAsync(container, errors: false, session.Stdout, session.Closed);
        var stderr = FollowAsync(container, errors: true, session.Stderr, session.Closed);
        var input = SendInputAsync(container, session.Stdin, session.Closed);
        var terminal = settings.Tty ? Terminals.FollowSizesAsync(process, session.Sizes) : Task.CompletedTask;
        await Task.WhenAll(stdout, stderr);
        await Task.WhenAny(container.Ended, Task.Delay(Timeout.Infinite, session.Closed));

        // How the container ended is in the pod's status.
        await session.EndAsync(CommandResult.Exited(0));
        await Task.WhenAll(input, terminal);
    }

    private static async Task SendInputAsync(ProcessContainer container, SessionStream? from, CancellationToken gone)
    {
        var settings = container.Record.Settings;
        if (from is null || !settings.Stdin)
        {
            return;
        }

        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            using var pipe = new InputPipe(container.Folder.Stdin);
            for (int count; (count = await from.ReadAsync(block, CancellationToken.None)) > 0;)
            {
                await pipe.WriteAsync(block.AsMemory(0, count), gone);
            }
        }
        catch (Exception e) when (SessionRelay.IsEnd(e))
        {
            // The client is gone, or the container reads no more.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
            if (settings.StdinOnce)
            {
                container.EndInput();
            }
        }
    }

    private static async Task FollowAsync(ProcessContainer container, bool errors, SessionStream? to, CancellationToken gone)
    {
        if (to is null || container.Output.Follow(errors) is not { } followed)
        {
            return;
        }

        using var hold = followed.Hold;
        await using var file = followed.File;
        try
        {
            for (var isOver = false; !isOver;)
            {
                // What is written behind the reading completes this wait.
                var change = container.Output.Changed.WaitAsync(gone);
                isOver = container.Ended.IsCompleted;
                await file.CopyToAsync(to, BlockBytes, gone);
                if (!isOver)
                {
                    await await Task.WhenAny(change, container.Ended);
                }
            }
        }
        catch (Exception e) when (SessionRelay.IsEnd(e))
        {
            // The client is gone.
        }
    }
}
