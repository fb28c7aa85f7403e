using System.Net;
using System.Net.Sockets;

namespace Etcdish.Network.Userspace;

/// <summary>Sockets bound to frontends.</summary>
internal static class ListeningSocket
{
    // IPV6_FREEBIND of level IPPROTO_IPV6 (linux/in6.h). Unlike IPv4, IPv6 lets nobody bind an address that is local by a route only.
    private const int LevelIpv6 = 41;
    private const int FreeBind = 78;

    private static readonly byte[] _on = BitConverter.GetBytes(1);

    /// <summary>Makes one and binds it.</summary>
    /// <exception cref="SocketException">The address is not this machine's, is taken, or is not to be had otherwise.</exception>
    public static Socket Bind(Frontend frontend, SocketType type, ProtocolType protocol, IReadOnlyList<IPNetwork> localRanges)
    {
        var family = frontend.Address.AddressFamily;
        var socket = new Socket(family, type, protocol);
        try
        {
            if (family == AddressFamily.InterNetworkV6)
            {
                // Both families have sockets of their own.
                socket.DualMode = false;
                if (localRanges.Any(range => range.Contains(frontend.Address)))
                {
                    socket.SetRawSocketOption(LevelIpv6, FreeBind, _on);
                }
            }

            socket.Bind(new IPEndPoint(frontend.Address, frontend.Port));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}
