namespace Etcdish.Cluster.Peers;

/// <summary>Tells somebody who wants to join who the members are; see <see cref="ConnectionKind.Members"/>.</summary>
internal static class MembersAnswerer
{
    /// <summary>Welcomes, answers, and waits until the asker has hung up.</summary>
    /// <exception cref="Exception">The connection broke, or it took too long; see <see cref="ConnectionFailure"/>.</exception>
    public static ValueTask<int> RunAsync(PeerContext context, InboundSession session, CancellationToken stop) => TimeLimit.RunAsync(
        "telling who the members are",
        context.Options.HandshakeTimeout,
        context.Options.Clock,
        async token =>
        {
            byte[] group = context.Options.DescribeGroup?.Invoke().Encode() ?? [];
            byte[] header = new byte[Envelope.HeaderBytes];
            Envelope.WriteHeader(header, [], group);
            await session.Connection.WriteAsync(PeerHandshake.Encode(PeerRefusal.None)).ConfigureAwait(false);
            await session.Connection.WriteAsync(header).ConfigureAwait(false);
            await session.Connection.WriteAsync(group).ConfigureAwait(false);
            return await session.Connection.Stream.ReadAsync(new byte[1], token).ConfigureAwait(false);
        },
        stop);
}
