namespace Etcdish.Cluster.Peers;

/// <summary>Asks those who listen on peer URLs which group they are: the first words of a member that is to join.</summary>
internal static class GroupQuestion
{
    /// <summary>Asks all at once.</summary>
    /// <param name="urls">Peer URLs.</param>
    /// <param name="tls">Certificates, or null.</param>
    /// <param name="patience">How long each may take.</param>
    /// <param name="clock">The clock of the waits.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What each said, in the order of the URLs; null where nobody answered.</returns>
    public static Task<GroupDescription?[]> AskAsync(
        IReadOnlyList<string> urls, PeerTlsOptions? tls, TimeSpan patience, TimeProvider clock, CancellationToken cancellation)
    {
        PeerContext context = new(
            new PeerNetworkOptions
            {
                MemberId = 0,
                ClusterId = 0,
                ListenUrls = [],
                Tls = tls,
                Random = new Random(0),
                OnDefect = static defect => throw defect,
                Clock = clock,
                DialTimeout = patience,
                HandshakeTimeout = patience,
            },
            new NobodysInbox());
        return Task.WhenAll(urls.Select(url => AskAsync(context, url, cancellation)));
    }

    private static async Task<GroupDescription?> AskAsync(PeerContext context, string url, CancellationToken cancellation)
    {
        try
        {
            PeerDialer dialer = new(context, 0, [PeerUrl.Parse(url)]);
            using PeerConnection connection = await dialer.DialAsync(ConnectionKind.Members, cancellation).ConfigureAwait(false);
            return await TimeLimit.RunAsync(
                $"the answer of {url}",
                context.Options.HandshakeTimeout,
                context.Options.Clock,
                token => ReadAsync(connection, token),
                cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (ConnectionFailure.Is(e))
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    private static async ValueTask<GroupDescription?> ReadAsync(PeerConnection connection, CancellationToken cancellation)
    {
        const int MaxBytes = 4 << 20;
        using var reader = new EnvelopeReader(connection.Stream, MaxBytes);
        ReadOnlyMemory<byte> answer;
        while (!reader.TryTake(out answer))
        {
            if (await reader.FillAsync(cancellation).ConfigureAwait(false) == 0)
            {
                return null;
            }
        }

        return answer.IsEmpty ? null : GroupDescription.Decode(answer.Span);
    }

    /// <summary>Nobody dials who only asks.</summary>
    private sealed class NobodysInbox : IPeerInbox
    {
        public void Receive(ulong from, ReadOnlySpan<byte> frame) => throw new InvalidOperationException("nobody listens here");

        public void Unreachable(ulong member) => throw new InvalidOperationException("nobody listens here");

        public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ulong from, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
            throw new InvalidOperationException("nobody listens here");
    }
}
