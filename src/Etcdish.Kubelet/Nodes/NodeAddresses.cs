using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Etcdish.Kubelet.Nodes;

/// <summary>Under which address a machine is reached, where nobody says.</summary>
public static class NodeAddresses
{
    // Of documentation (RFC 5737): the kernel is asked for a way, nothing is sent.
    private static readonly IPEndPoint _elsewhere = new(IPAddress.Parse("192.0.2.1"), 9);

    /// <summary>The address of the way out, or else the first one of a link that is up, or else loopback.</summary>
    public static IPAddress Find()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(_elsewhere);
            if (socket.LocalEndPoint is IPEndPoint { Address: var address } && !IPAddress.IsLoopback(address))
            {
                return address;
            }
        }
        catch (SocketException)
        {
            // There is no way out.
        }

        return NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.OperationalStatus != OperationalStatus.Down && link.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(link => link.GetIPProperties().UnicastAddresses.Select(entry => entry.Address))
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;
    }
}
