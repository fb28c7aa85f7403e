namespace Etcdish.Cluster.Peers;

/// <summary>Who a member is to its peers, and the limits of the network. Checked when the network starts.</summary>
internal sealed record PeerNetworkOptions
{
    /// <summary>This member's id, not 0.</summary>
    public required ulong MemberId { get; init; }

    /// <summary>The cluster's id.</summary>
    public required ulong ClusterId { get; init; }

    /// <summary>
    /// Where to listen: http or https, an address or localhost (the IPv4 loopback), and a port, 0 for any free one. None: this member
    /// only dials.
    /// </summary>
    public required IReadOnlyList<string> ListenUrls { get; init; }

    /// <summary>Certificates; needed to listen on https. Null: none, and a peer's is checked against the system's authorities.</summary>
    public PeerTlsOptions? Tls { get; init; }

    /// <summary>Spreads the times at which members dial again. Used under a lock.</summary>
    public required Random Random { get; init; }

    /// <summary>
    /// Told of an exception that only a defect of the program explains, such as one that the inbox throws. The connection concerned is
    /// gone; the host should end.
    /// </summary>
    public required Action<Exception> OnDefect { get; init; }

    /// <summary>What is told to somebody who asks for the members, see <see cref="GroupDescription"/>. From any thread.</summary>
    public Func<GroupDescription>? DescribeGroup { get; init; }

    /// <summary>
    /// How long those who left the group are still heard, and are sent what waits for them, so that both sides get the last words: 1 s.
    /// </summary>
    public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Told what an operator should know; the same line at most once a minute. From any thread.</summary>
    public Action<PeerNotice>? OnNotice { get; init; }

    /// <summary>Told each measured round trip to a member. From any thread.</summary>
    public Action<ulong, TimeSpan>? OnRoundTrip { get; init; }

    /// <summary>The clock of all waits.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Longest frame, question or answer: 64 MiB, from 1 KiB to 1 GiB. All members should agree.</summary>
    public int MaxFrameBytes { get; init; } = 64 << 20;

    /// <summary>Most bytes that wait for one member: 80 MiB, at least one longest frame and 64 bytes.</summary>
    public int MaxOutboxBytes { get; init; } = 80 << 20;

    /// <summary>Connections of others at a time, beyond which new ones are closed: 1,024, at least 2.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>How long one address may take to answer a dial: 2 s, above 0.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long TLS and introduction may take: 5 s, above 0.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A peer that reads nothing for so long while something waits for it is hung up on: 5 s, above 0.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between two measurements of the round trip: 5 s, above 0.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>First wait before a member is dialled again; doubles up to <see cref="MaxBackoff"/>: 20 ms, above 0.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Longest wait before a member is dialled again: 1 s, at least <see cref="MinBackoff"/>.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Throws when a value is out of its range.</summary>
    /// <exception cref="ArgumentException">Names the property.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(MemberId);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFrameBytes, 1 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxFrameBytes, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutboxBytes, MaxFrameBytes + 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DialTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(HandshakeTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(WriteTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(PingInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MinBackoff, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBackoff, MinBackoff);
        ArgumentOutOfRangeException.ThrowIfLessThan(Farewell, TimeSpan.Zero);
        Tls?.Validate();
    }
}
