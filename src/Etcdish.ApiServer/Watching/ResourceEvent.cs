using System.Buffers;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

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
    private readonly byte[]?[] _lines = new byte[]?[3];
    private readonly ResourceType? _type;
    private ObjectFacts? _after;
    private ObjectFacts? _before;

    /// <exception cref="StoreCompactedException">The store does not know any more what was deleted.</exception>
    public ResourceEvent(ResourceType type, StoreChange change)
    {
        if (change.Value is null && change.Previous is null)
        {
            // What was deleted is compacted already, so nobody can be told what it was.
            throw new StoreCompactedException();
        }

        _type = type;
        Change = change;
        Revision = change.Revision;
        (Namespace, Name) = type.Split(change.Key);
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

    /// <summary>What a watcher with this selection is told; null for nothing.</summary>
    public EventKind? KindFor(Selection selection)
    {
        if (selection.RequiredName is { } name && name != Name)
        {
            return null;
        }

        var isSelected = IsSelected(selection, Change!.Value, ref _after);
        var wasSelected = IsSelected(selection, Change.Previous, ref _before);
        return (wasSelected, isSelected) switch
        {
            (false, true) => EventKind.Added,
            (true, true) => EventKind.Modified,
            (true, false) => EventKind.Deleted,
            _ => null,
        };
    }

    // Two watchers may both look into the object; what they find is the same.
    private bool IsSelected(Selection selection, ReadOnlyMemory<byte>? state, ref ObjectFacts? facts)
    {
        if (state is not { } stored)
        {
            return false;
        }

        return selection.IsEverything || selection.Matches(facts ??= new ObjectFacts(stored, _type!.Info));
    }

    /// <summary>The object that an event of this kind shows: for a deletion, its last selected state.</summary>
    public ReadOnlyMemory<byte> ObjectFor(EventKind kind) => (kind == EventKind.Deleted ? Change!.Previous : Change!.Value)!.Value;

    /// <summary>The event as a line of JSON.</summary>
    public ReadOnlyMemory<byte> LineFor(EventKind kind)
    {
        var line = Volatile.Read(ref _lines[(int)kind]);
        if (line is null)
        {
            var stored = ObjectFor(kind);
            var buffer = new ArrayBufferWriter<byte>(stored.Length + 96);
            EventLine.Write(buffer, kind, stored.Span, Revision);
            line = buffer.WrittenSpan.ToArray();
            Volatile.Write(ref _lines[(int)kind], line);
        }

        return line;
    }
}
