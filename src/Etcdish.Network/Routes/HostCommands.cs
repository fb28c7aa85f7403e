using System.ComponentModel;
using System.Diagnostics;

namespace Etcdish.Network.Routes;

/// <summary>Runs programs of the operating system that change its network.</summary>
/// <param name="launcher">What they are started through; nothing: themselves.</param>
internal sealed class HostCommands(params string[] launcher)
{
    /// <summary>Runs a program; what it wrote.</summary>
    /// <exception cref="IOException">It failed, or is not there; the message has its own words.</exception>
    public async Task<string> RunAsync(string program, string[] arguments, string input, CancellationToken cancellation)
    {
        string[] command = [.. launcher, program, .. arguments];
        using var process = Start(command);
        try
        {
            var said = process.StandardError.ReadToEndAsync(cancellation);
            var wrote = process.StandardOutput.ReadToEndAsync(cancellation);
            await WriteAsync(process, input);
            await Task.WhenAll(said, wrote, process.WaitForExitAsync(cancellation));
            return process.ExitCode == 0
                ? await wrote
                : throw new IOException($"{string.Join(' ', command)} failed: {(await said).Trim()}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    /// <summary>Sets a kernel parameter, such as <c>net/ipv4/ip_forward</c>.</summary>
    public Task SetAsync(string parameter, string value, CancellationToken cancellation) =>
        RunAsync("tee", [$"/proc/sys/{parameter}"], value, cancellation);

    // One that ends without reading all says why on its error output.
    private static async Task WriteAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            await process.WaitForExitAsync();
        }
    }

    private static Process Start(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start) ?? throw new IOException($"{command[0]} did not start");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{command[0]} did not start: {e.Message} (apt-get install iproute2)", e);
        }
    }
}
