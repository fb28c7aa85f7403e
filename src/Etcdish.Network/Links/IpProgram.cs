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
        string[] place = networkNamespace.Length == 0 ? [] : ["-n", networkNamespace];
        var (exitCode, said, complaint) = await HostProgram.RunAsync(
            ["ip", .. place, .. arguments], default, "apt-get install iproute2", cancellation);
        return exitCode == 0 ? said : throw new IOException($"ip {string.Join(' ', arguments)}: {complaint.Trim()}");
    }
}
