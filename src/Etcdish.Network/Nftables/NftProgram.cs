using Etcdish.Network.Links;

namespace Etcdish.Network.Nftables;

/// <summary>The program nft, one process a transaction.</summary>
/// <param name="command">The program, with what stands before it, such as <c>ip netns exec a nft</c>; none: nft.</param>
internal sealed class NftProgram(params string[] command) : INftables
{
    private readonly string[] _command = command.Length > 0 ? command : ["nft"];

    /// <inheritdoc/>
    public async Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
    {
        var (exitCode, _, errors) = await HostProgram.RunAsync(
            [.. _command, "-f", "-"], commands, "apt-get install nftables", cancellation);
        if (exitCode != 0)
        {
            throw new IOException($"nft refused a transaction: {errors.Trim()}");
        }
    }
}
