namespace Etcdish.Store;

/// <summary>
/// One change, encoded once as mvccpb.Event and shared by all watchers that want it. Made when the first of them turns up; the previous
/// pair is added when the first one asks for it, as bytes of its own, so that the value is never held twice. Immutable once it is queued.
/// </summary>
public sealed class EncodedEvent
{
    private readonly byte[] _body;
    private readonly int _valueOffset;
    private readonly int _valueLength;
    private byte[]? _previousField;
    private int _previousValueOffset;

    private EncodedEvent(KeyRevision change, byte[] body, int valueOffset, int valueLength)
    {
        Change = change;
        _body = body;
        _valueOffset = valueOffset;
        _valueLength = valueLength;
    }

    /// <summary>The change itself.</summary>
    public KeyRevision Change { get; }

    /// <summary>The value that was put; empty for a deletion.</summary>
    public ReadOnlyMemory<byte> Value => _body.AsMemory(_valueOffset, _valueLength);

    /// <summary>
    /// The pair as it was before; null when there was none, when it is compacted, or when no watcher of this event asked for it.
    /// </summary>
    public KeyRevision? Previous { get; private set; }

    /// <summary>The value of <see cref="Previous"/>.</summary>
    public ReadOnlyMemory<byte> PreviousValue =>
        Previous is null ? default : _previousField.AsMemory(_previousValueOffset, Previous.ValueLength);

    /// <summary>Fields 1 and 2 of the event.</summary>
    internal byte[] Body => _body;

    /// <summary>Field 3 of the event, or nothing.</summary>
    internal byte[] PreviousField => _previousField ?? [];

    /// <summary>
    /// Encodes a change without its previous pair. The caller is in a <see cref="ReadScope"/> that was open when the index was read.
    /// </summary>
    internal static EncodedEvent Encode(KeyRevision change, IValueSource values)
    {
        int valueLength = change.ValueLength;
        int kvSize = KeyValueEncoder.Size(change);
        byte[] body = new byte[(change.IsTombstone ? 2 : 0) + ProtoFields.LengthDelimitedSize(kvSize)];
        int at = change.IsTombstone ? ProtoFields.Write(body, 1, 1) : 0;
        at += ProtoFields.WriteLength(body.AsSpan(at), WatchWire.EventKvField, kvSize);
        WatchWire.WriteKeyValue(body.AsSpan(at), change, valueLength, out int valueOffset);
        ReadValue(change, values, body.AsSpan(at + valueOffset, valueLength));
        return new EncodedEvent(change, body, at + valueOffset, valueLength);
    }

    /// <summary>Adds the previous pair unless that is done. Only for the thread that made the event, before it is queued.</summary>
    internal void AddPrevious(IValueSource values)
    {
        if (_previousField is not null)
            return;

        KeyRevision? previous = FindPrevious(Change);
        if (previous is null)
        {
            _previousField = [];
            return;
        }

        int valueLength = previous.ValueLength;
        int kvSize = KeyValueEncoder.Size(previous);
        byte[] field = new byte[ProtoFields.LengthDelimitedSize(kvSize)];
        int at = ProtoFields.WriteLength(field, WatchWire.EventPrevKvField, kvSize);
        WatchWire.WriteKeyValue(field.AsSpan(at), previous, valueLength, out int valueOffset);
        ReadValue(previous, values, field.AsSpan(at + valueOffset, valueLength));
        _previousValueOffset = at + valueOffset;
        Previous = previous;
        _previousField = field;
    }

    /// <summary>Bytes of the event message in the variant that a watcher wants.</summary>
    internal int MessageSize(bool withPrevious) => _body.Length + (withPrevious ? PreviousField.Length : 0);

    /// <summary>The pair before the change's revision, if the key was alive then.</summary>
    private static KeyRevision? FindPrevious(KeyRevision change)
    {
        KeyRevision? previous = change.Previous;
        while (previous is not null && previous.ModRevision == change.ModRevision)
            previous = previous.Previous;
        return previous is null || previous.IsTombstone ? null : previous;
    }

    private static void ReadValue(KeyRevision version, IValueSource values, Span<byte> destination)
    {
        if (!destination.IsEmpty)
            values.Read(version.Value, destination);
    }
}
