using System.Text;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Registry;

/// <summary>A list on its way through the store: what to read next, what of it is selected, and where the client would go on.</summary>
internal sealed class ListCursor
{
    // Bounds of what is held at once. An etcd is asked for objects only, so their number follows the sizes seen.
    private const int MaxObjects = 500;
    private const int MaxBytes = 1 << 20;

    private readonly ResourceType _type;
    private readonly ListOptions _options;
    private readonly string _prefix;
    private readonly string? _onlyKey;
    private string _start;
    private long _revision;
    private int _taken;
    private int _objectsAtOnce = MaxObjects;

    /// <exception cref="ApiException">The continue token is another list's.</exception>
    public ListCursor(ResourceType type, string scope, ListOptions options)
    {
        _type = type;
        _options = options;
        _prefix = type.PrefixOf(scope);
        _revision = options.Continue is { } token ? Math.Max(token.Revision, 0) : options.IsExact ? options.Revision!.Value : 0;
        _start = options.Continue is { } from ? type.Prefix + from.Start : _prefix;
        if (!_start.StartsWith(_prefix, StringComparison.Ordinal))
        {
            throw ApiErrors.BadRequest("continue key is not valid: it belongs to another list");
        }

        var isOneScope = scope.Length > 0 || !type.Info.IsNamespaced;
        if (isOneScope && options.Continue is null && options.Selection.RequiredName is { Length: > 0 } name)
        {
            _start = _onlyKey = type.KeyOf(scope, name);
        }
    }

    public bool IsDone { get; private set; }

    public StorePageRequest Next => new(_prefix)
    {
        StartKey = _start,
        Revision = _revision,
        Limit = _onlyKey is not null ? 1
            : _options.Limit > 0 && _options.Selection.IsEverything ? Math.Min(_objectsAtOnce, _options.Limit - _taken)
            : _objectsAtOnce,
        MaxBytes = MaxBytes,
    };

    /// <summary>Takes what the store gave for <see cref="Next"/>.</summary>
    public ListPage Take(StorePage page)
    {
        _revision = page.Revision;
        var read = 0;
        var items = Select(page.Objects, ref read);
        var left = page.Remaining + page.Objects.Count - read;
        if (left == 0 || _onlyKey is not null)
        {
            return Last(items, null, null);
        }

        _start = Encoding.UTF8.GetString(page.Objects[read - 1].Key.Span) + "\0";
        AdaptTo(page.Objects);
        if (_options.Limit == 0 || _taken < _options.Limit)
        {
            return new ListPage(items, _revision, null, null) { IsLast = false, EndIsKnown = _options.Limit == 0 };
        }

        var next = new ContinueToken(_revision, _start[_type.Prefix.Length..]);
        return Last(items, next, _options.Selection.IsEverything ? left : null);
    }

    /// <summary>The selected objects, as many as the client still takes; counts those looked at.</summary>
    private List<StoredObject> Select(IReadOnlyList<StoredObject> objects, ref int read)
    {
        var items = new List<StoredObject>(_options.Selection.IsEverything ? objects.Count : 0);
        for (; read < objects.Count && (_options.Limit == 0 || _taken < _options.Limit); read++)
        {
            var item = _type.ToServed(objects[read]);
            if ((_onlyKey is null || item.Key.Span.SequenceEqual(Encoding.UTF8.GetBytes(_onlyKey)))
                && _options.Selection.Matches(item.Value))
            {
                items.Add(item);
                _taken++;
            }
        }

        return items;
    }

    private void AdaptTo(IReadOnlyList<StoredObject> objects)
    {
        long bytes = 1;
        foreach (var item in objects)
        {
            bytes += item.Value.Length;
        }

        _objectsAtOnce = (int)Math.Clamp(MaxBytes * (long)objects.Count / bytes, 1, MaxObjects);
    }

    private ListPage Last(List<StoredObject> items, ContinueToken? next, long? remaining)
    {
        IsDone = true;
        return new ListPage(items, _revision, next, remaining);
    }
}
