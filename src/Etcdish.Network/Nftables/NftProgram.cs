using System.ComponentModel;
using System.Diagnostics;

namespace Etcdish.Network.Nftables;

/// <summary>The program nft, one process a transaction.</summary>
/// <param name="command">The program, with what stands before it, such as <c>ip netns exec a nft</c>; none: nft.</param>
internal sealed class NftProgram(params string[] command) : INftables
{
    private readonly string[] _command = command.Length > 0 ? command : ["nft"];

    /// <inheritdoc/>
    public async Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(_command[0], [.. _command[1..], "-f", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        try
        {
            var said = process.StandardError.ReadToEndAsync(cancellation);
            var ignored = process.StandardOutput.ReadToEndAsync(cancellation);
            await WriteAsync(process, commands, cancellation);
            await Task.WhenAll(said, ignored, process.WaitForExitAsync(cancellation));
            if (process.ExitCode != 0)
            {
                throw new IOException($"nft refused a transaction: {(await said).Trim()}");
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    // One that ends without reading all says why on its error output.
    private static async Task WriteAsync(Process process, ReadOnlyMemory<char> commands, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteAsync(commands, cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            await process.WaitForExitAsync(cancellation);
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new IOException($"{_command[0]} did not start");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{_command[0]} did not start: {e.Message} (apt-get install nftables)", e);
        }
    }
}
