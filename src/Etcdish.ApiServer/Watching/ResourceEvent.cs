using System.Buffers;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Watching;

/// <summary>What a watcher is told of an object.</summary>
internal enum EventKind
{
    /// <summary>It is new to the watcher.</summary>
    Added,

    /// <summary>It changed.</summary>
    Modified,

    /// <summary>It is gone, or the watcher's selector does not select it any more.</summary>
    Deleted,
}

/// <summary>
/// One change of one object, shared by all watchers of a resource. Each line that a watcher may get is made when the first one wants
/// it. Without a change it is a bookmark: how far the resource's watch has come.
/// </summary>
internal sealed class ResourceEvent
{
    // What a thread keeps for its next line; a large object's line does not stay.
    private const int MaxScratch = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    private readonly byte[]?[] _lines = new byte[]?[3];
    private ObjectFacts? _after;
    private ObjectFacts? _before;
    private View? _views;

    /// <exception cref="StoreCompactedException">The store does not know any more what was deleted.</exception>
    public ResourceEvent(ResourceStorage storage, StoreChange change)
    {
        if (change.Value is null && change.Previous is null)
        {
            // What was deleted is compacted already, so nobody can be told what it was.
            throw new StoreCompactedException();
        }

        Change = change;
        Revision = change.Revision;
        (Namespace, Name) = storage.Split(change.Key);
    }

    private ResourceEvent(ResourceEvent source, StoreChange change)
    {
        Change = change;
        Revision = source.Revision;
        Namespace = source.Namespace;
        Name = source.Name;
    }

    private ResourceEvent(long revision)
    {
        Revision = revision;
        Namespace = Name = "";
    }

    /// <summary>The change; null for a bookmark.</summary>
    public StoreChange? Change { get; }

    public long Revision { get; }

    public string Namespace { get; }

    public string Name { get; }

    /// <summary>About how many bytes it holds.</summary>
    public int Size => (Change?.Value?.Length ?? 0) + (Change?.Previous?.Length ?? 0);

    public static ResourceEvent Bookmark(long revision) => new(revision);

    /// <summary>The event as one of the versions that share what is stored sees it; made once for all watchers of that version.</summary>
    public ResourceEvent As(ResourceType type)
    {
        if (type.Form is not { } form || Change is not { } change)
        {
            return this;
        }

        var first = Volatile.Read(ref _views);
        for (var view = first; view is not null; view = view.Next)
        {
            if (view.Form == form)
            {
                return view.Event;
            }
        }

        var converted = new ResourceEvent(this, change with
        {
            Value = change.Value is { } value ? form.ToServed(value) : default(ReadOnlyMemory<byte>?),
            Previous = change.Previous is { } previous ? form.ToServed(previous) : default(ReadOnlyMemory<byte>?),
        });

        // Whoever loses the race has converted in vain, and his event is as good.
        Interlocked.CompareExchange(ref _views, new View(form, converted, first), first);
        return converted;
    }

    /// <summary>What an audience is told of this event, which is in its version; null for nothing.</summary>
    public EventKind? KindFor(WatchAudience audience, Selection selection)
    {
        var isElsewhere = audience.Namespace.Length > 0 && audience.Namespace != Namespace;
        if (isElsewhere || (selection.RequiredName is { } name && name != Name))
        {
            return null;
        }

        var info = audience.Type.Info;
        var isSelected = IsSelected(selection, info, Change!.Value, ref _after);
        var wasSelected = IsSelected(selection, info, Change.Previous, ref _before);
        return (wasSelected, isSelected) switch
        {
            (false, true) => EventKind.Added,
            (true, true) => EventKind.Modified,
            (true, false) => EventKind.Deleted,
            _ => null,
        };
    }

    // Two watchers may both look into the object; what they find is the same.
    private static bool IsSelected(Selection selection, ResourceInfo info, ReadOnlyMemory<byte>? state, ref ObjectFacts? facts)
    {
        if (state is not { } stored)
        {
            return false;
        }

        return selection.IsEverything || selection.Matches(facts ??= new ObjectFacts(stored, info));
    }

    /// <summary>The object that an event of this kind shows: for a deletion, its last selected state.</summary>
    public ReadOnlyMemory<byte> ObjectFor(EventKind kind) => (kind == EventKind.Deleted ? Change!.Previous : Change!.Value)!.Value;

    /// <summary>The line that an audience gets of this change; null if it does not see it.</summary>
    public ReadOnlyMemory<byte>? LineFor(WatchAudience audience, Selection selection)
    {
        var seen = As(audience.Type);
        return seen.KindFor(audience, selection) is { } kind ? seen.LineFor(kind) : null;
    }

    /// <summary>The event as a line of JSON.</summary>
    public ReadOnlyMemory<byte> LineFor(EventKind kind)
    {
        var line = Volatile.Read(ref _lines[(int)kind]);
        if (line is null)
        {
            var stored = ObjectFor(kind);
            var buffer = _scratch ??= new ArrayBufferWriter<byte>(4096);
            buffer.ResetWrittenCount();
            EventLine.Write(buffer, kind, stored.Span, Revision);
            line = buffer.WrittenSpan.ToArray();
            if (buffer.Capacity > MaxScratch)
            {
                _scratch = null;
            }

            Volatile.Write(ref _lines[(int)kind], line);
        }

        return line;
    }

    private sealed record View(StoredForm Form, ResourceEvent Event, View? Next);
}
