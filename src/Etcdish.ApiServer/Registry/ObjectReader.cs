using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>A page of a list.</summary>
/// <param name="Items">The objects.</param>
/// <param name="Revision">The revision of the whole list.</param>
/// <param name="Continue">Where the next page begins, or null.</param>
/// <param name="Remaining">How many objects are left, or null if that is not known.</param>
internal sealed record ListPage(IReadOnlyList<StoredObject> Items, long Revision, ContinueToken? Continue, long? Remaining);

/// <summary>Single reads and lists, at the revisions that requests ask for. Every read sees all that was acknowledged before it.</summary>
internal sealed class ObjectReader(IObjectStore store, TimeProvider clock)
{
    // How much is read at once: bounds what a list of everything holds in memory, and keeps clear of the message limits of an etcd.
    private const int ChunkSize = 500;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    /// <exception cref="ApiException">It is not there, or the revision is not.</exception>
    public async ValueTask<StoredObject> GetAsync(
        ResourceType type, string scope, string name, long? notOlderThan, CancellationToken cancellation)
    {
        if (notOlderThan > 0)
        {
            await WaitForAsync(notOlderThan.Value, cancellation);
        }

        var found = await store.GetAsync(type.KeyOf(scope, name), cancellation) ?? throw ApiErrors.NotFound(type.Info, name);
        return type.ToServed(found);
    }

    /// <summary>Reads a page of a list.</summary>
    /// <exception cref="ApiException">The revision is gone, or has not come.</exception>
    public async ValueTask<ListPage> ListAsync(ResourceType type, string scope, ListOptions options, CancellationToken cancellation)
    {
        if (options.Revision is > 0 and var revision && !options.IsExact)
        {
            await WaitForAsync(revision, cancellation);
        }

        try
        {
            return await ReadPageAsync(type, scope, options, cancellation);
        }
        catch (StoreCompactedException) when (options.Continue is { } token)
        {
            throw ApiErrors.ExpiredContinue(new ContinueToken(-1, token.Start).ToString());
        }
        catch (StoreCompactedException)
        {
            throw ApiErrors.ExpiredRevision();
        }
        catch (StoreFutureRevisionException)
        {
            throw ApiErrors.RevisionTooLarge(options.Revision ?? 0, await store.GetRevisionAsync(cancellation));
        }
    }

    private async ValueTask<ListPage> ReadPageAsync(ResourceType type, string scope, ListOptions options, CancellationToken cancellation)
    {
        var prefix = type.PrefixOf(scope);
        var revision = options.Continue is { } token ? Math.Max(token.Revision, 0) : options.IsExact ? options.Revision!.Value : 0;
        var start = options.Continue is { } from ? type.Prefix + from.Start : prefix;
        if (!start.StartsWith(prefix, StringComparison.Ordinal))
        {
            throw ApiErrors.BadRequest("continue key is not valid: it belongs to another list");
        }

        var items = new List<StoredObject>();
        while (true)
        {
            var missing = options.Limit == 0 ? ChunkSize : Math.Min(ChunkSize, options.Limit - items.Count);
            var page = await store.ListAsync(
                new StorePageRequest(prefix) { StartKey = start, Revision = revision, Limit = missing }, cancellation);
            revision = page.Revision;
            foreach (var stored in page.Objects)
            {
                var item = type.ToServed(stored);
                if (options.Selection.Matches(item.Value))
                {
                    items.Add(item);
                }
            }

            if (page.Remaining == 0)
            {
                return new ListPage(items, revision, null, null);
            }

            start = System.Text.Encoding.UTF8.GetString(page.Objects[^1].Key.Span) + "\0";
            if (options.Limit > 0 && items.Count >= options.Limit)
            {
                var next = new ContinueToken(revision, start[type.Prefix.Length..]);
                return new ListPage(items, revision, next, options.Selection.IsEverything ? page.Remaining : null);
            }
        }
    }

    /// <summary>Waits a little for a revision that the store has not reached.</summary>
    private async ValueTask WaitForAsync(long revision, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        while (true)
        {
            var current = await store.GetRevisionAsync(cancellation);
            if (current >= revision)
            {
                return;
            }

            if (clock.GetElapsedTime(began) >= _patience)
            {
                throw ApiErrors.RevisionTooLarge(revision, current);
            }

            await Task.Delay(_pause, clock, cancellation);
        }
    }
}
