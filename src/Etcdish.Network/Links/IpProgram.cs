using System.ComponentModel;
using System.Diagnostics;

namespace Etcdish.Network.Links;

/// <summary>The program ip(8): addresses and routes of this machine, or of one of its network namespaces.</summary>
/// <param name="networkNamespace">The name of the namespace; empty: the one of this process.</param>
internal sealed class IpProgram(string networkNamespace = "")
{
    /// <summary>Runs it.</summary>
    /// <returns>What it said.</returns>
    /// <exception cref="IOException">It refused, or is not there; the message has its own words.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        string[] all = networkNamespace.Length == 0 ? [.. arguments] : ["-n", networkNamespace, .. arguments];
        using var process = Start(new ProcessStartInfo("ip", all) { RedirectStandardOutput = true, RedirectStandardError = true });
        try
        {
            var said = process.StandardOutput.ReadToEndAsync(cancellation);
            var complaint = process.StandardError.ReadToEndAsync(cancellation);
            await Task.WhenAll(said, complaint, process.WaitForExitAsync(cancellation));
            return process.ExitCode == 0
                ? await said
                : throw new IOException($"ip {string.Join(' ', arguments)}: {(await complaint).Trim()}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new IOException("ip did not start");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"ip did not start: {e.Message} (apt-get install iproute2)", e);
        }
    }
}
