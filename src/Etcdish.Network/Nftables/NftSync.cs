using Etcdish.Network.Services;

namespace Etcdish.Network.Nftables;

/// <summary>
/// Keeps the tables of the service proxy, of both families, by one transaction at a time. The first makes them anew, in the place of
/// whatever another proxy left; so does the one after a failure.
/// </summary>
/// <param name="nft">The packet filter.</param>
/// <param name="families">The families that the kernel has.</param>
internal sealed class NftSync(INftables nft, IReadOnlyList<NftFamily> families)
{
    private const string NodeOwner = "";

    private readonly (NftFamily Family, NftTable Table)[] _tables =
        [.. families.Select(family => (family, new NftTable(ServiceFrame.TableOf(family), ServiceFrame.Make(family))))];

    private Way _way = Way.Anew;

    private enum Way
    {
        Difference,
        Again,
        Anew,
    }

    /// <summary>How long the last transaction was, in characters; 0: there was nothing to do.</summary>
    public int LastLength { get; private set; }

    /// <summary>Whether another transaction is to follow soon, which deletes what this one emptied.</summary>
    public bool HasStale => Array.Exists(_tables, t => t.Table.HasStale);

    /// <summary>Takes changes of routes.</summary>
    public void Take(IEnumerable<RouteChange> changes)
    {
        foreach (var change in changes)
        {
            var owner = $"{change.Key.Namespace}/{change.Key.Service}/{change.Key.Protocol}/{change.Key.Port}";
            foreach (var (family, table) in _tables)
            {
                table.Set(owner, change.Now is { } route ? RouteRenderer.Render(route, family) : NftRules.None);
            }
        }
    }

    /// <summary>Takes what the node decides.</summary>
    public void Take(NodeNetwork node)
    {
        foreach (var (family, table) in _tables)
        {
            table.Set(NodeOwner, ServiceFrame.MakeNode(family, node));
        }
    }

    /// <summary>The next transaction sets right whatever others may have changed.</summary>
    public void Distrust()
    {
        if (_way == Way.Difference)
        {
            _way = Way.Again;
        }
    }

    /// <summary>Brings the kernel to what was taken.</summary>
    /// <exception cref="IOException">It refused; the next try makes the tables anew.</exception>
    public async Task SyncAsync(CancellationToken cancellation)
    {
        var script = new NftScript();
        foreach (var (_, table) in _tables)
        {
            Write(table, script);
        }

        LastLength = script.Length;
        _way = Way.Anew;
        if (script.Length > 0)
        {
            await nft.ApplyAsync(script.ToString().AsMemory(), cancellation);
        }

        _way = Way.Difference;
    }

    /// <summary>Removes the tables.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public async Task CleanUpAsync(CancellationToken cancellation)
    {
        var script = new NftScript();
        foreach (var (family, _) in _tables)
        {
            script.DeleteTable(ServiceFrame.TableOf(family));
        }

        _way = Way.Anew;
        await nft.ApplyAsync(script.ToString().AsMemory(), cancellation);
    }

    private void Write(NftTable table, NftScript script)
    {
        switch (_way)
        {
            case Way.Difference:
                table.WriteChanges(script);
                break;
            case Way.Again:
                table.WriteAgain(script);
                break;
            default:
                table.WriteAnew(script);
                break;
        }
    }
}
