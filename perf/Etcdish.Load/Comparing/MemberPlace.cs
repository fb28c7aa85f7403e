using System.Net;
using System.Net.Sockets;

namespace Etcdish.Load.Comparing;

/// <summary>One member's name and addresses on the loopback.</summary>
internal sealed record MemberPlace(string Name, int ClientPort, int PeerPort)
{
    // Below the kernel's ephemeral range: a client that dials a dead member from that range may otherwise be given the member's own port.
    private const int FirstPort = 14_000;
    private const int EndPort = 20_000;

    public Uri Client => new($"http://127.0.0.1:{ClientPort}");

    public string PeerUrl => $"http://127.0.0.1:{PeerPort}";

    /// <summary>So many members on ports that nobody listens on.</summary>
    /// <exception cref="InvalidOperationException">There are not enough.</exception>
    public static IReadOnlyList<MemberPlace> Take(int members)
    {
        int start = FirstPort + (Environment.ProcessId * 37 % (EndPort - FirstPort));
        int[] free = [.. Enumerable.Range(0, EndPort - FirstPort)
            .Select(i => FirstPort + ((start - FirstPort + i) % (EndPort - FirstPort)))
            .Where(IsFree)
            .Take(2 * members)];
        return free.Length == 2 * members
            ? [.. Enumerable.Range(0, members).Select(i => new MemberPlace($"n{i + 1}", free[2 * i], free[(2 * i) + 1]))]
            : throw new InvalidOperationException($"no {2 * members} free ports between {FirstPort} and {EndPort}");
    }

    private static bool IsFree(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }
}
