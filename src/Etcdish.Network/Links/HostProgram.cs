using System.ComponentModel;
using System.Diagnostics;

namespace Etcdish.Network.Links;

/// <summary>Runs programs of this machine to their end.</summary>
internal static class HostProgram
{
    /// <summary>Runs one; its exit code, and what it wrote to its two outputs.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="hint">What to do if there is no such program, for the error.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <exception cref="IOException">It did not start.</exception>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string[] command, ReadOnlyMemory<char> input, string hint, CancellationToken cancellation)
    {
        using var process = Start(command, hint);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            await WriteAsync(process, input, cancellation);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(cancellation));
            return (process.ExitCode, await output, await errors);
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
    private static async Task WriteAsync(Process process, ReadOnlyMemory<char> input, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteAsync(input, cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            await process.WaitForExitAsync(cancellation);
        }
    }

    private static Process Start(string[] command, string hint)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }) ?? throw new IOException($"{command[0]} did not start");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{command[0]} did not start: {e.Message} ({hint})", e);
        }
    }
}
