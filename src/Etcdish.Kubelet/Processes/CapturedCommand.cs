using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>A command that is run to its end for its output: probes and hooks.</summary>
internal static class CapturedCommand
{
    private const int MostOutputBytes = 1 << 20;
    private const int BlockBytes = 16 * 1024;

    /// <summary>How long a command's children may keep its output open when it has ended.</summary>
    private static readonly TimeSpan _outputAfterEnd = TimeSpan.FromSeconds(1);

    public static async Task<CommandOutput> RunAsync(
        ContainerProcesses container, IReadOnlyList<string> command, TimeSpan limit, TimeProvider clock, CancellationToken cancellation)
    {
        using var running = container.Start(command, tty: false);
        running.Input.Close();
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var stdout = ReadAsync(running.Output, reading.Token);
        var stderr = ReadAsync(running.Errors, reading.Token);
        try
        {
            await running.Process.WaitForExitAsync(cancellation).WaitAsync(limit, clock, cancellation);
            await Task.WhenAny(Task.WhenAll(stdout, stderr), Task.Delay(_outputAfterEnd, clock, cancellation));
        }
        catch (TimeoutException e)
        {
            // What was killed is gone only a little later, and what waits for a disk may not go at all.
            running.Kill();
            await Task.WhenAny(running.Process.WaitForExitAsync(CancellationToken.None), Task.Delay(_outputAfterEnd, clock, cancellation));
            throw new TimeoutException($"command {string.Join(' ', command)} timed out after {limit}", e);
        }
        finally
        {
            running.Kill();
            await reading.CancelAsync();
        }

        return new CommandOutput(running.Process.ExitCode, await stdout, await stderr);
    }

    /// <summary>Reads to the end or until it is cancelled, and keeps what is not too much.</summary>
    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var kept = new MemoryStream();
        var block = new byte[BlockBytes];
        try
        {
            while (await stream.ReadAsync(block, cancellation) is > 0 and var count)
            {
                kept.Write(block, 0, (int)Math.Min(count, MostOutputBytes - kept.Length));
            }
        }
        catch (OperationCanceledException)
        {
            // What it said until then counts.
        }

        return kept.ToArray();
    }
}
