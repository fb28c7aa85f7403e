using System.Net;
using Etcdish.Network.Links;

namespace Etcdish.Network.Userspace;

/// <summary>
/// A range of addresses that a route makes this machine's own as a whole, so that each of them can be listened at without being on an
/// interface (<c>ip route add local</c>). Needs root. The route goes with this object.
/// </summary>
internal sealed class LocalRange : IAsyncDisposable
{
    private readonly IPNetwork _range;
    private readonly IpProgram _ip;

    private LocalRange(IPNetwork range, IpProgram ip)
    {
        _range = range;
        _ip = ip;
    }

    /// <summary>Makes a range local; one that is so already, by a run that ended without notice, is taken over.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static async Task<LocalRange> AddAsync(IPNetwork range, IpProgram ip, CancellationToken cancellation)
    {
        await ip.RunAsync(["route", "replace", "local", range.ToString(), "dev", "lo"], cancellation);
        return new LocalRange(range, ip);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() =>
        await _ip.RunAsync(["route", "del", "local", _range.ToString(), "dev", "lo"], CancellationToken.None);
}
