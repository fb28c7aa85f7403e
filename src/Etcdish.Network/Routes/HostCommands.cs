using Etcdish.Network.Links;

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
        var (exitCode, output, errors) = await HostProgram.RunAsync(
            command, input.AsMemory(), "apt-get install iproute2", cancellation);
        return exitCode == 0 ? output : throw new IOException($"{string.Join(' ', command)} failed: {errors.Trim()}");
    }

    /// <summary>Sets a kernel parameter, such as <c>net/ipv4/ip_forward</c>.</summary>
    public Task SetAsync(string parameter, string value, CancellationToken cancellation) =>
        RunAsync("tee", [$"/proc/sys/{parameter}"], value, cancellation);
}
