using System.Net;
using System.Net.Sockets;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Makes connections to one member: resolves its host names anew each time, tries its URLs and their addresses in turn, speaks TLS where
/// the URL says so, and introduces this member. Used by one sender at a time.
/// </summary>
/// <param name="context">The network.</param>
/// <param name="member">The member's id.</param>
/// <param name="urls">Its URLs, at least one.</param>
internal sealed class PeerDialer(PeerContext context, ulong member, IReadOnlyList<PeerUrl> urls)
{
    private int _first;

    /// <summary>Makes a connection, beginning with the URL that worked the last time.</summary>
    /// <param name="kind">What it is for.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <returns>A connection on which the member said welcome.</returns>
    /// <exception cref="Exception">None could be made; see <see cref="ConnectionFailure"/>.</exception>
    public async ValueTask<PeerConnection> DialAsync(ConnectionKind kind, CancellationToken cancellation)
    {
        Exception? failure = null;
        for (int i = 0; i < urls.Count; i++)
        {
            int turn = (_first + i) % urls.Count;
            try
            {
                PeerConnection connection = await DialUrlAsync(urls[turn], kind, cancellation).ConfigureAwait(false);
                _first = turn;
                return connection;
            }
            catch (Exception e) when (ConnectionFailure.Is(e) && !cancellation.IsCancellationRequested)
            {
                // A refusal says more than an address that is not there.
                failure = failure is PeerRefusedException && e is not PeerRefusedException ? failure : e;
            }
        }

        cancellation.ThrowIfCancellationRequested();
        throw failure ?? new IOException("the member has no peer URL");
    }

    private async ValueTask<PeerConnection> DialUrlAsync(PeerUrl url, ConnectionKind kind, CancellationToken cancellation)
    {
        Socket socket = await ConnectAsync(url, cancellation).ConfigureAwait(false);
        PeerConnection? connection = null;
        try
        {
            connection = new PeerConnection(socket, context.Options);
            return await TimeLimit.RunAsync(
                $"the introduction to {url}",
                context.Options.HandshakeTimeout,
                context.Options.Clock,
                token => IntroduceAsync(connection, url, kind, token),
                cancellation).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            connection?.Dispose();
            throw;
        }
    }

    private async ValueTask<Socket> ConnectAsync(PeerUrl url, CancellationToken cancellation)
    {
        IPAddress[] addresses = await TimeLimit.RunAsync(
            $"resolving {url.Host}",
            context.Options.DialTimeout,
            context.Options.Clock,
            async token => await Dns.GetHostAddressesAsync(url.Host, token).ConfigureAwait(false),
            cancellation).ConfigureAwait(false);
        Exception failure = new IOException($"{url.Host} has no address");
        foreach (IPAddress address in addresses)
        {
            var endPoint = new IPEndPoint(address, url.Port);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                return await TimeLimit.RunAsync(
                    $"connecting to {endPoint}",
                    context.Options.DialTimeout,
                    context.Options.Clock,
                    async token =>
                    {
                        await socket.ConnectAsync(endPoint, token).ConfigureAwait(false);
                        return socket;
                    },
                    cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (ConnectionFailure.Is(e))
            {
                socket.Dispose();
                cancellation.ThrowIfCancellationRequested();
                failure = new IOException($"{url}: {ConnectionFailure.Describe(e)}", e);
            }
        }

        throw failure;
    }

    private async ValueTask<PeerConnection> IntroduceAsync(
        PeerConnection connection, PeerUrl url, ConnectionKind kind, CancellationToken cancellation)
    {
        if (url.IsSecure)
        {
            await PeerTls.SecureDialledAsync(connection, url.Host, context.Options.Tls, cancellation).ConfigureAwait(false);
        }

        PeerNetworkOptions self = context.Options;
        await connection.WriteAsync(
            PeerHandshake.Encode(new PeerHello(PeerHandshake.Version, kind, self.ClusterId, self.MemberId, member))).ConfigureAwait(false);
        var answer = new byte[PeerHandshake.AnswerBytes];
        await connection.Stream.ReadExactlyAsync(answer, cancellation).ConfigureAwait(false);
        PeerRefusal refusal = PeerHandshake.DecodeAnswer(answer);
        return refusal == PeerRefusal.None
            ? connection
            : throw new PeerRefusedException(refusal, $"{url} refused this member: {Meaning(refusal)}");
    }

    private string Meaning(PeerRefusal refusal) => refusal switch
    {
        PeerRefusal.OtherVersion => "it speaks another version of the peer protocol",
        PeerRefusal.OtherCluster => $"it belongs to another cluster than {context.Options.ClusterId:x}",
        PeerRefusal.OtherMember => $"it is not member {member:x}; check the peer URLs",
        PeerRefusal.Removed => $"member {context.Options.MemberId:x} was removed from the cluster",
        PeerRefusal.BadIdentity => $"it does not accept the id {context.Options.MemberId:x}",
        _ => $"reason {(byte)refusal}",
    };
}
