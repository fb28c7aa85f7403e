using Etcdish.Network.Links;

namespace Etcdish.Network.Nftables;

/// <summary>
/// The packet filter by the quicker of two ways. What only adds and deletes elements goes to the kernel at once, at a cost that does not
/// depend on how much is there. All else goes by the program nft, which reads much of what is there before it writes anything. Each is
/// one transaction. One call at a time.
/// </summary>
/// <param name="program">The other way.</param>
/// <param name="open">Opens a socket. It stays open: the kernel lets who closes one wait until nothing uses what was deleted by it.</param>
internal sealed class NftKernel(INftables program, Func<NetlinkSocket> open) : INftables
{
    private readonly SetForms _forms = new();
    private NetlinkSocket? _socket;
    private uint _next = 1;

    /// <summary>Makes one for the network namespace of this process.</summary>
    public NftKernel()
        : this(new NftProgram(), static () => new NetlinkSocket())
    {
    }

    /// <summary>How many transactions went without the program.</summary>
    public int DirectCount { get; private set; }

    /// <inheritdoc/>
    public async Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
    {
        if (ElementBatch.Compile(commands.Span, _forms, _next) is { } batch)
        {
            _next += (uint)batch.Count;
            Send(batch);
            return;
        }

        await program.ApplyAsync(commands, cancellation);
        _forms.Learn(commands.Span);
    }

    /// <summary>Closes the socket; another transaction would open another.</summary>
    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private void Send(ElementBatch batch)
    {
        try
        {
            batch.Send(_socket ??= open());
            DirectCount++;
        }
        catch (IOException)
        {
            // Whatever it still has to say is of no interest.
            Dispose();
            throw;
        }
    }
}
