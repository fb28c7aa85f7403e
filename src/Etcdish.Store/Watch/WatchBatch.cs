using System.Buffers;
using System.Text;

namespace Etcdish.Store;

/// <summary>What a response's header says besides the revision.</summary>
/// <param name="ClusterId">ID of the cluster.</param>
/// <param name="MemberId">ID of the member that answers.</param>
/// <param name="RaftTerm">Term as the member knows it.</param>
public readonly record struct WatchHeader(ulong ClusterId, ulong MemberId, ulong RaftTerm);

/// <summary>One WatchResponse, filled by <see cref="WatchStream.TryTake"/>; the taker keeps one and uses it again and again.</summary>
public sealed class WatchBatch
{
    /// <summary>Watch ID of answers that belong to no watcher, or to all of the stream.</summary>
    public const long NoWatchId = -1;

    // Below this an event is copied in one piece with its frame.
    private const int OnePieceBytes = 4096;

    private readonly List<EncodedEvent> _events = [];

    /// <summary>Which watcher this is for; -1 for a refused create and for the progress of the whole stream.</summary>
    public long WatchId { get; internal set; }

    /// <summary>Revision of the header.</summary>
    public long Revision { get; internal set; }

    /// <summary>Whether this answers a create.</summary>
    public bool Created { get; internal set; }

    /// <summary>Whether the watcher has ended (or, with <see cref="Created"/>, was refused).</summary>
    public bool Canceled { get; internal set; }

    /// <summary>The compacted revision, when the watcher ended because its next revision is compacted; else 0.</summary>
    public long CompactRevision { get; internal set; }

    /// <summary>Why the watcher was refused; empty else.</summary>
    public string CancelReason { get; internal set; } = "";

    /// <summary>Whether the rest of this response follows in another one.</summary>
    public bool Fragment { get; internal set; }

    /// <summary>Whether the watcher asked for previous pairs.</summary>
    public bool WithPrevious { get; internal set; }

    /// <summary>The events in order of revision; empty for answers and for progress.</summary>
    public IReadOnlyList<EncodedEvent> Events => _events;

    /// <summary>Whether this tells progress: all events up to <see cref="Revision"/> have been handed out.</summary>
    public bool IsProgress => _events.Count == 0 && !Created && !Canceled;

    internal List<EncodedEvent> EventList => _events;

    /// <summary>Bytes that <see cref="Write"/> writes.</summary>
    /// <param name="header">The header's other fields.</param>
    public int Size(in WatchHeader header)
    {
        int size = HeadSize(header, out _, out _);
        foreach (EncodedEvent change in _events)
            size += ProtoFields.LengthDelimitedSize(change.MessageSize(WithPrevious));
        return size;
    }

    /// <summary>Writes etcdserverpb.WatchResponse.</summary>
    /// <param name="writer">Receives the bytes.</param>
    /// <param name="header">The header's other fields.</param>
    public void Write(IBufferWriter<byte> writer, in WatchHeader header)
    {
        ArgumentNullException.ThrowIfNull(writer);
        int size = HeadSize(header, out int headerSize, out int reasonLength);
        WriteHead(writer.GetSpan(size), header, headerSize, reasonLength);
        writer.Advance(size);
        foreach (EncodedEvent change in _events)
            WriteEvent(writer, change.Body, WithPrevious ? change.PreviousField : []);
    }

    internal void Reset()
    {
        _events.Clear();
        WatchId = Revision = CompactRevision = 0;
        Created = Canceled = Fragment = WithPrevious = false;
        CancelReason = "";
    }

    private int HeadSize(in WatchHeader header, out int headerSize, out int reasonLength)
    {
        headerSize = ProtoFields.SizeOf(header.ClusterId) + ProtoFields.SizeOf(header.MemberId)
            + ProtoFields.SizeOf((ulong)Revision) + ProtoFields.SizeOf(header.RaftTerm);
        reasonLength = Encoding.UTF8.GetByteCount(CancelReason);
        return ProtoFields.LengthDelimitedSize(headerSize)
            + ProtoFields.SizeOf((ulong)WatchId)
            + (Created ? 2 : 0)
            + (Canceled ? 2 : 0)
            + ProtoFields.SizeOf((ulong)CompactRevision)
            + (reasonLength == 0 ? 0 : ProtoFields.LengthDelimitedSize(reasonLength))
            + (Fragment ? 2 : 0);
    }

    private void WriteHead(Span<byte> to, in WatchHeader header, int headerSize, int reasonLength)
    {
        int at = ProtoFields.WriteLength(to, 1, headerSize);
        at += ProtoFields.Write(to[at..], 1, header.ClusterId);
        at += ProtoFields.Write(to[at..], 2, header.MemberId);
        at += ProtoFields.Write(to[at..], 3, (ulong)Revision);
        at += ProtoFields.Write(to[at..], 4, header.RaftTerm);
        at += ProtoFields.Write(to[at..], 2, (ulong)WatchId);
        at += ProtoFields.Write(to[at..], 3, Created ? 1u : 0);
        at += ProtoFields.Write(to[at..], 4, Canceled ? 1u : 0);
        at += ProtoFields.Write(to[at..], 5, (ulong)CompactRevision);
        if (reasonLength != 0)
        {
            at += ProtoFields.WriteLength(to[at..], WatchWire.ReasonField, reasonLength);
            at += Encoding.UTF8.GetBytes(CancelReason, to[at..]);
        }

        ProtoFields.Write(to[at..], 7, Fragment ? 1u : 0);
    }

    private static void WriteEvent(IBufferWriter<byte> writer, byte[] body, byte[] previous)
    {
        int length = body.Length + previous.Length;
        int headSize = ProtoFields.LengthDelimitedSize(length) - length;
        if (length > OnePieceBytes)
        {
            ProtoFields.WriteLength(writer.GetSpan(headSize), WatchWire.EventsField, length);
            writer.Advance(headSize);
            writer.Write(body);
            writer.Write(previous);
            return;
        }

        Span<byte> to = writer.GetSpan(headSize + length);
        ProtoFields.WriteLength(to, WatchWire.EventsField, length);
        body.CopyTo(to[headSize..]);
        previous.CopyTo(to[(headSize + body.Length)..]);
        writer.Advance(headSize + length);
    }
}
