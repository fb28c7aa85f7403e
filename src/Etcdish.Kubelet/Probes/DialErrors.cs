using System.Net.Sockets;

namespace Etcdish.Kubelet.Probes;

/// <summary>Why a connection could not be made, in the words that operators search for.</summary>
internal static class DialErrors
{
    /// <summary>The sentence for a failure to connect.</summary>
    public static string Describe(string address, SocketException e) => $"dial tcp {address}: " + e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connect: connection refused",
        SocketError.HostUnreachable => "connect: no route to host",
        SocketError.NetworkUnreachable => "connect: network is unreachable",
        SocketError.ConnectionReset => "connect: connection reset by peer",
        SocketError.TimedOut => "connect: connection timed out",
        SocketError.HostNotFound or SocketError.NoData => "lookup failed: no such host",
        _ => e.Message,
    };

    /// <summary>A time as Go writes it: <c>1s</c>, <c>1m30s</c>, <c>500ms</c>.</summary>
    public static string Describe(TimeSpan time)
    {
        if (time < TimeSpan.FromSeconds(1))
        {
            return $"{time.TotalMilliseconds:0.###}ms";
        }

        var hours = (int)time.TotalHours;
        var seconds = $"{time.TotalSeconds % 60:0.###}s";
        return hours > 0 ? $"{hours}h{time.Minutes}m{seconds}" : time.Minutes > 0 ? $"{time.Minutes}m{seconds}" : seconds;
    }
}
