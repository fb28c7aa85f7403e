namespace Etcdish.Network.Nftables;

/// <summary>The kernel's packet filter, as far as nft(8) shows it.</summary>
internal interface INftables : IDisposable
{
    /// <summary>Carries out commands in nft's language, all or none of them.</summary>
    /// <exception cref="IOException">The kernel refused them, or there is no nft; the message has nft's own words.</exception>
    Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation);

    /// <inheritdoc/>
    void IDisposable.Dispose()
    {
        // Most hold nothing from one transaction to the next.
    }
}
