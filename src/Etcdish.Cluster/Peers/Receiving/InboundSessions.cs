using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Receives those who dial this member: TLS, introduction, judgement, and then frames or questions. Of one member and kind one connection
/// counts, the newest; the one before is closed, and has ended, before a word of the new one is heard. So what a member says never
/// overtakes what it said before.
/// </summary>
/// <param name="context">The network.</param>
/// <param name="members">Who is known.</param>
internal sealed class InboundSessions(PeerContext context, PeerDirectory members)
{
    private const int MaxHandshakes = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<(ulong From, ConnectionKind Kind), InboundSession> _current = [];
    private readonly HashSet<Task> _serving = [];
    private int _handshakes;

    /// <summary>Serves a connection until it ends. Beyond the limits it is closed at once.</summary>
    /// <param name="socket">The accepted socket, which belongs to this from now on.</param>
    /// <param name="isSecure">Whether it must speak TLS.</param>
    /// <param name="stop">Closes it.</param>
    public void Serve(Socket socket, bool isSecure, CancellationToken stop)
    {
        lock (_lock)
        {
            if (stop.IsCancellationRequested || _handshakes >= MaxHandshakes || _serving.Count >= context.Options.MaxConnections)
            {
                socket.Dispose();
                return;
            }

            Interlocked.Increment(ref _handshakes);
            Task serving = Task.Run(() => ServeAsync(socket, isSecure, stop), CancellationToken.None);
            _serving.Add(serving);
            serving.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Hangs up on members that were removed.</summary>
    public void Recheck()
    {
        lock (_lock)
        {
            foreach (((ulong from, _), InboundSession session) in _current)
            {
                if (members.IsRemoved(from))
                {
                    session.HangUp();
                }
            }
        }
    }

    /// <summary>Waits until all connections have ended, which stopping began.</summary>
    public Task WhenEndedAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_serving);
        }
    }

    private void Forget(Task serving)
    {
        lock (_lock)
        {
            _serving.Remove(serving);
        }
    }

    private async Task ServeAsync(Socket socket, bool isSecure, CancellationToken stop)
    {
        PeerConnection? connection = null;
        InboundSession? session = null;
        try
        {
            using CancellationTokenRegistration abort = stop.Register(socket.Dispose);
            try
            {
                connection = new PeerConnection(socket, context.Options);
                session = await AdmitAsync(connection, isSecure, stop).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Decrement(ref _handshakes);
            }

            if (session is { Hello.Kind: ConnectionKind.Members })
            {
                await MembersAnswerer.RunAsync(context, session, stop).ConfigureAwait(false);
            }
            else if (session is not null)
            {
                await RunAsync(session, stop).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (ConnectionFailure.Is(e))
        {
            if (!stop.IsCancellationRequested && session is not { IsHungUp: true })
            {
                TellOfEnd(connection, session, e);
            }
        }
#pragma warning disable CA1031 // Nobody awaits this; a defect must be seen at once.
        catch (Exception e)
#pragma warning restore CA1031
        {
            context.Options.OnDefect(e);
        }
        finally
        {
            socket.Dispose();
            connection?.Dispose();
        }
    }

    private void TellOfEnd(PeerConnection? connection, InboundSession? session, Exception e)
    {
        ulong member = session?.Hello.From ?? 0;
        string who = session is null ? "a peer" : $"member {member:x}";
        context.Tell(new PeerNotice(
            true, member, PeerRefusal.None, $"connection of {who} from {connection?.RemoteAddress}: {ConnectionFailure.Describe(e)}"));
    }

    /// <summary>TLS and introduction.</summary>
    /// <returns>The session, or null when the dialler was refused.</returns>
    private ValueTask<InboundSession?> AdmitAsync(PeerConnection connection, bool isSecure, CancellationToken stop) =>
        TimeLimit.RunAsync(
            "the introduction",
            context.Options.HandshakeTimeout,
            context.Options.Clock,
            async token =>
            {
                if (isSecure)
                {
                    await SecureAsync(connection, token).ConfigureAwait(false);
                }

                var bytes = new byte[PeerHandshake.HelloBytes];
                await connection.Stream.ReadExactlyAsync(bytes, token).ConfigureAwait(false);
                PeerHello hello = PeerHandshake.DecodeHello(bytes);
                PeerRefusal refusal = members.Judge(hello);
                if (refusal == PeerRefusal.None)
                {
                    return new InboundSession(connection, hello, members);
                }

                context.Tell(new PeerNotice(
                    true, hello.From, PeerRefusal.None, $"refused a peer connection of member {hello.From:x}: {refusal}"));
                await connection.WriteAsync(PeerHandshake.Encode(refusal)).ConfigureAwait(false);
                return null;
            },
            stop);

    private async ValueTask SecureAsync(PeerConnection connection, CancellationToken cancellation)
    {
        PeerTlsOptions tls = context.Options.Tls!;
        X509Certificate2? certificate = await PeerTls.SecureAcceptedAsync(connection, tls, cancellation).ConfigureAwait(false);
        if (certificate is not null && !tls.SkipClientAddressCheck && connection.RemoteAddress is { } address)
        {
            await CertificateNames.CheckAddressAsync(certificate, address, cancellation).ConfigureAwait(false);
        }
    }

    private async ValueTask RunAsync(InboundSession session, CancellationToken stop)
    {
        InboundSession? before = TakePlace(session);
        try
        {
            if (before is not null)
            {
                before.HangUp();
                await before.Ended.ConfigureAwait(false);
            }

            // Judged again: a removal since then looked for it in its place before it was there.
            PeerRefusal answer = members.Judge(session.Hello);
            await session.Connection.WriteAsync(PeerHandshake.Encode(answer)).ConfigureAwait(false);
            if (answer == PeerRefusal.None)
            {
                members.HeardOf(session.Hello.From);
                await ReceiveAsync(session, stop).ConfigureAwait(false);
            }
        }
        catch (MalformedFrameException)
        {
            session.Counters.ReceiveFailed();
            throw;
        }
        finally
        {
            End(session);
        }
    }

    private void End(InboundSession session)
    {
        try
        {
            if (session.Hello.Kind == ConnectionKind.Log)
            {
                context.Inbox.Unreachable(session.Hello.From);
            }
        }
        finally
        {
            LeavePlace(session);
            session.End(); // Whatever happened, the next connection of the member waits for it.
        }
    }

    private Task ReceiveAsync(InboundSession session, CancellationToken stop) => session.Hello.Kind == ConnectionKind.Log
        ? FrameReceiver.RunAsync(context, session, stop)
        : QuestionAnswerer.RunAsync(context, session, stop);

    private InboundSession? TakePlace(InboundSession session)
    {
        lock (_lock)
        {
            _current.TryGetValue((session.Hello.From, session.Hello.Kind), out InboundSession? before);
            _current[(session.Hello.From, session.Hello.Kind)] = session;
            return before;
        }
    }

    private void LeavePlace(InboundSession session)
    {
        lock (_lock)
        {
            (ulong From, ConnectionKind Kind) place = (session.Hello.From, session.Hello.Kind);
            if (_current.TryGetValue(place, out InboundSession? current) && current == session)
            {
                _current.Remove(place);
            }
        }
    }
}
