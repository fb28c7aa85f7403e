using System.Net;
using System.Net.Sockets;

namespace Etcdish.Testing;

/// <summary>
/// TCP ports of the loopback that nobody listens on. They lie below the kernel's ephemeral range, so that no outgoing connection
/// takes one while its server is being restarted.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int End = 32_000;
    private static readonly Lock _gate = new();
    private static int _next = First + Environment.ProcessId * 37 % (End - First);

    public static int Take()
    {
        lock (_gate)
        {
            for (int tries = 0; tries < End - First; tries++)
            {
                int port = _next;
                _next = port + 1 < End ? port + 1 : First;
                if (IsFree(port))
                    return port;
            }
        }

        throw new InvalidOperationException($"no free port between {First} and {End}");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }
}
