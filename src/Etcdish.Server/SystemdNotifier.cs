using System.Net.Sockets;

namespace Etcdish.Server;

/// <summary>Tells systemd that the server is ready (sd_notify), for units of Type=notify, which is what etcd's packages install.</summary>
internal static class SystemdNotifier
{
    /// <summary>Sends READY=1 to the socket that systemd names in the environment; does nothing without it.</summary>
    public static void Ready()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } path)
        {
            return;
        }

        // A leading @ stands for a name in the abstract namespace, which begins with a zero.
        var address = new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo("READY=1"u8, address);
        }
        catch (SocketException e)
        {
            Console.Error.WriteLine($"etcdish server: cannot notify systemd at {path}: {e.Message}");
        }
    }
}
