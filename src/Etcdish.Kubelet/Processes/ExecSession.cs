using System.Text;
using Etcdish.Kubelet.Runtime;
using Etcdish.Streaming;
using Etcdish.Streaming.Sessions;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Processes;

/// <summary>A client's command in a container, with its streams or in a terminal of its own.</summary>
internal static class ExecSession
{
    public static async Task ServeAsync(
        HttpContext http, ContainerProcesses container, IReadOnlyList<string> command, AttachedStreams streams)
    {
        var wanted = new CommandStreams(streams.Stdin, streams.Stdout, streams.Stderr && !streams.Tty, streams.Tty);
        using var running = container.Start(command, streams.Tty);
        await using var session = await RemoteCommandSession.AcceptAsync(http, wanted, new StreamingLimits());
        if (session is null)
        {
            return;
        }

        await using var gone = session.Closed.Register(running.Kill);
        var input = SessionRelay.InputAsync(session.Stdin, running.Input, keepOpen: streams.Tty);
        var terminal = Task.CompletedTask;
        if (streams.Tty)
        {
            var start = running.ReadStartAsync();
            terminal = Terminals.FollowSizesAsync(start, session.Sizes);
            await SessionRelay.OutputAsync(running.Output, session.Stdout, session.Closed);
            await TellFailureAsync((await start).Failure, session);
        }
        else
        {
            await Task.WhenAll(
                SessionRelay.OutputAsync(running.Output, session.Stdout, session.Closed),
                SessionRelay.OutputAsync(running.Errors, session.Stderr, session.Closed));
        }

        await running.Process.WaitForExitAsync(CancellationToken.None);
        await session.EndAsync(CommandResult.Exited(running.Process.ExitCode));
        await Task.WhenAll(input, terminal);
    }

    private static async Task TellFailureAsync(string? failure, RemoteCommandSession session)
    {
        if (failure is not null && session.Stdout is { } stdout)
        {
            using var text = new MemoryStream(Encoding.UTF8.GetBytes(failure + "\r\n"));
            await SessionRelay.OutputAsync(text, stdout, session.Closed);
        }
    }
}
