using System.Net;
using System.Net.Sockets;

namespace Etcdish.Kubelet.Probes;

/// <summary>Connects, and closes again.</summary>
/// <param name="clock">The clock of limits.</param>
internal sealed class TcpProbe(TimeProvider clock)
{
    /// <summary>Probes once.</summary>
    public async Task<ProbeOutcome> RunAsync(string host, int port, TimeSpan limit, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        var address = ProbePorts.Join(host, port);
        try
        {
            EndPoint place = IPAddress.TryParse(host, out var known) ? new IPEndPoint(known, port) : new DnsEndPoint(host, port);
            await socket.ConnectAsync(place, both.Token);
            return ProbeOutcome.Success();
        }
        catch (SocketException e)
        {
            return ProbeOutcome.Failure(DialErrors.Describe(address, e));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ProbeOutcome.Failure($"dial tcp {address}: i/o timeout");
        }
    }
}
