using System.Runtime.CompilerServices;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>A list, or a part of it as it comes from the store.</summary>
/// <param name="Items">The objects.</param>
/// <param name="Revision">The revision of the whole list.</param>
/// <param name="Continue">Where the client's next page begins, or null.</param>
/// <param name="Remaining">How many objects are left, or null if that is not known.</param>
internal sealed record ListPage(IReadOnlyList<StoredObject> Items, long Revision, ContinueToken? Continue, long? Remaining)
{
    /// <summary>Whether no more parts come.</summary>
    public bool IsLast { get; init; } = true;

    /// <summary>Whether <see cref="Continue"/> and <see cref="Remaining"/> are already those of the last part.</summary>
    public bool EndIsKnown { get; init; } = true;
}

/// <summary>Single reads and lists, at the revisions that requests ask for. Every read sees all that was acknowledged before it.</summary>
internal sealed class ObjectReader(IObjectStore store, TimeProvider clock)
{
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

    /// <summary>Reads a list, or the page of it that was asked for, as a whole.</summary>
    /// <exception cref="ApiException">The revision is gone, or has not come.</exception>
    public async ValueTask<ListPage> ListAsync(ResourceType type, string scope, ListOptions options, CancellationToken cancellation)
    {
        var cursor = await BeginAsync(type, scope, options, cancellation);
        var items = new List<StoredObject>();
        while (true)
        {
            // The pages are kept, so they are not given back.
            var part = cursor.Take(await ReadPageAsync(cursor.Next, options, cancellation));
            items.AddRange(part.Items);
            if (part.IsLast)
            {
                return part with { Items = items };
            }
        }
    }

    /// <summary>Reads the same in parts of bounded size. A part's objects are valid until the next one is asked for.</summary>
    /// <exception cref="ApiException">The revision is gone, or has not come.</exception>
    public async IAsyncEnumerable<ListPage> ReadAsync(
        ResourceType type, string scope, ListOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var cursor = await BeginAsync(type, scope, options, cancellation);
        while (!cursor.IsDone)
        {
            using var page = await ReadPageAsync(cursor.Next, options, cancellation);
            yield return cursor.Take(page);
        }
    }

    private async ValueTask<ListCursor> BeginAsync(
        ResourceType type, string scope, ListOptions options, CancellationToken cancellation)
    {
        if (options.Revision is > 0 and var revision && !options.IsExact)
        {
            await WaitForAsync(revision, cancellation);
        }

        return new ListCursor(type, scope, options);
    }

    private async ValueTask<StorePage> ReadPageAsync(StorePageRequest request, ListOptions options, CancellationToken cancellation)
    {
        try
        {
            return await store.ListAsync(request, cancellation);
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
