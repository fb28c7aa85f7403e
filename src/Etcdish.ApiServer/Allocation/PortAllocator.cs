using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Allocation;

/// <summary>
/// Gives ports of nodes to services. A port is taken while there is a key of its number, whose value is the service's name; it is written
/// and deleted in one step with the service.
/// </summary>
/// <param name="store">Where the keys are.</param>
/// <param name="rootPrefix">The prefix of all keys of the cluster.</param>
/// <param name="range">The ports that services may have.</param>
internal sealed class PortAllocator(IObjectStore store, string rootPrefix, PortRange range)
{
    /// <summary>Random tries before all taken ports are looked at.</summary>
    private const int Guesses = 8;

    private readonly string _prefix = rootPrefix + "allocations/nodeports/";

    public PortRange Range => range;

    /// <summary>A free port; null if there is none.</summary>
    /// <param name="except">Ports that the same write takes.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<int?> PickAsync(IReadOnlySet<long> except, CancellationToken cancellation)
    {
        for (var i = 0; i < Guesses; i++)
        {
            var guess = RandomNumberGenerator.GetInt32(range.FirstDynamic, range.Last + 1);
            if (!except.Contains(guess) && await store.GetAsync(KeyOf(guess), cancellation) is null)
            {
                return guess;
            }
        }

        var page = await store.ListAsync(new StorePageRequest(_prefix), cancellation);
        var taken = page.Objects.Select(item => NumberOf(item.Key.Span)).ToHashSet();
        for (var port = range.Last; port >= range.First; port--)
        {
            if (!taken.Contains(port) && !except.Contains(port))
            {
                return port;
            }
        }

        return null;
    }

    /// <summary>Whether anybody has a port.</summary>
    public async ValueTask<bool> IsTakenAsync(long port, CancellationToken cancellation) =>
        await store.GetAsync(KeyOf(port), cancellation) is not null;

    /// <summary>The write that takes a port.</summary>
    public StoreAction Take(long port, string scope, string service) => new(KeyOf(port), Encoding.UTF8.GetBytes($"{scope}/{service}"), 0);

    /// <summary>The write that gives a port back; null if it is not the service's.</summary>
    public async ValueTask<StoreAction?> ReleaseAsync(long port, string scope, string service, CancellationToken cancellation)
    {
        var found = await store.GetAsync(KeyOf(port), cancellation);
        return found is { } stored && Encoding.UTF8.GetString(stored.Value.Span) == $"{scope}/{service}"
            ? new StoreAction(KeyOf(port), null, stored.Revision)
            : null;
    }

    /// <summary>All taken ports, with who has them and the revision that gave them.</summary>
    public async ValueTask<List<(long Port, string Owner, long Revision)>> ListAsync(CancellationToken cancellation)
    {
        var page = await store.ListAsync(new StorePageRequest(_prefix), cancellation);
        return [.. page.Objects.Select(item => (NumberOf(item.Key.Span), Encoding.UTF8.GetString(item.Value.Span), item.Revision))];
    }

    /// <summary>The write that gives back a port as it was listed.</summary>
    public StoreAction Release(long port, long revision) => new(KeyOf(port), null, revision);

    private string KeyOf(long port) => _prefix + port.ToString(CultureInfo.InvariantCulture);

    private long NumberOf(ReadOnlySpan<byte> key) =>
        long.Parse(Encoding.UTF8.GetString(key[Encoding.UTF8.GetByteCount(_prefix)..]), CultureInfo.InvariantCulture);
}
