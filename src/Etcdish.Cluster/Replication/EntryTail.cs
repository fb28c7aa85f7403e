using Etcdish.Consensus;
using Etcdish.Log;

namespace Etcdish.Cluster;

/// <summary>What is known of an entry without its bytes.</summary>
/// <param name="Term">Its term.</param>
/// <param name="Payload">Where its payload lies in the log; default before it was appended there.</param>
/// <param name="Length">Bytes of the payload.</param>
/// <param name="Kind">Record kind.</param>
/// <param name="Checksum">CRC-32C of the payload: what is read back from the log later must match it.</param>
internal readonly record struct EntryPlace(ulong Term, LogPosition Payload, int Length, byte Kind, uint Checksum);

/// <summary>
/// The newer end of the Raft log in memory: for each entry where it lies, and its bytes for as long as it is not applied. Entries that are
/// applied stay (without bytes) while followers may need them, within a bound; a member that decides alone keeps none.
/// </summary>
/// <param name="baseIndex">The last entry before the tail.</param>
/// <param name="encodeConfiguration">Encodes the membership that the core proposes.</param>
internal sealed class EntryTail(ulong baseIndex, Func<Configuration, ReadOnlyMemory<byte>> encodeConfiguration) : IEntryLog
{
    /// <summary>What an entry takes in a frame beside its payload, at most.</summary>
    public const int EntryOverheadBytes = 24;

    private readonly IndexRing<EntryPlace> _places = new(baseIndex + 1);
    private readonly IndexRing<ReadOnlyMemory<byte>> _payloads = new(baseIndex + 1);

    /// <summary>The first entry whose place is known.</summary>
    public ulong First => _places.First;

    /// <summary>The last entry of the log.</summary>
    public ulong Last => _places.Next - 1;

    /// <summary>Bytes of all entries whose place is known.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of the entries that are not applied.</summary>
    public long UnappliedBytes { get; private set; }

    /// <summary>The next entry.</summary>
    /// <param name="kind">Record kind.</param>
    /// <param name="term">Its term.</param>
    /// <param name="payload">Its bytes, unchanged until it is applied or cut.</param>
    /// <param name="at">Where the payload lies in the log, when it does already.</param>
    public void Add(byte kind, ulong term, ReadOnlyMemory<byte> payload, LogPosition at = default)
    {
        _places.Add(new EntryPlace(term, at, payload.Length, kind, Store.Crc32C.Compute(payload.Span)));
        _payloads.Add(payload);
        UnappliedBytes += payload.Length;
        Bytes += payload.Length;
    }

    /// <summary>The next entry is applied already, and nobody is going to ask for it.</summary>
    public void Skip(ulong index)
    {
        ForgetBefore(index + 1);
        _payloads.RemoveBefore(index + 1);
    }

    public bool Contains(ulong index) => _places.Contains(index);

    public EntryPlace Place(ulong index) => _places[index];

    /// <summary>The bytes of an entry that is not applied.</summary>
    public ReadOnlyMemory<byte> Payload(ulong index) => _payloads[index];

    public bool HasPayload(ulong index) => _payloads.Contains(index);

    /// <summary>The log has taken the entry.</summary>
    public void SetPosition(ulong index, LogPosition payload)
    {
        ref EntryPlace place = ref _places[index];
        place = place with { Payload = payload };
    }

    /// <summary>From now on the tail has its own copy of the bytes: the caller who lent them stops waiting.</summary>
    public void StopBorrowing(ulong index)
    {
        if (_payloads.Contains(index))
        {
            ref ReadOnlyMemory<byte> payload = ref _payloads[index];
            payload = payload.ToArray();
        }
    }

    /// <summary>Entries from an index on are void.</summary>
    public void TruncateFrom(ulong index)
    {
        for (ulong cut = Math.Max(index, _places.First); cut < _places.Next; cut++)
        {
            Bytes -= _places[cut].Length;
        }

        for (ulong cut = Math.Max(index, _payloads.First); cut < _payloads.Next; cut++)
        {
            UnappliedBytes -= _payloads[cut].Length;
        }

        _places.RemoveFrom(index);
        _payloads.RemoveFrom(index);
    }

    /// <summary>State up to an index took the place of all that was here.</summary>
    public void Reset(ulong index)
    {
        TruncateFrom(_places.First);
        _places.Reset(index + 1);
        _payloads.Reset(index + 1);
    }

    /// <summary>Entries up to an index are applied: their bytes are needed from the log only.</summary>
    public void ApplyThrough(ulong index)
    {
        for (ulong applied = _payloads.First; applied <= index; applied++)
        {
            UnappliedBytes -= _payloads[applied].Length;
        }

        _payloads.RemoveBefore(index + 1);
    }

    /// <summary>Entries before an index are not going to be sent to anybody.</summary>
    public void ForgetBefore(ulong index)
    {
        for (ulong gone = _places.First; gone < Math.Min(index, _places.Next); gone++)
        {
            Bytes -= _places[gone].Length;
        }

        _places.RemoveBefore(index);
    }

    /// <summary>The first entry that may stay so that those from there on are not more than a number of bytes.</summary>
    /// <param name="most">The bytes.</param>
    /// <param name="end">At most so far: this entry stays.</param>
    public ulong FirstWithin(long most, ulong end)
    {
        long bytes = Bytes;
        ulong first = First;
        while (bytes > most && first < end)
        {
            bytes -= _places[first++].Length;
        }

        return first;
    }

    void IEntryLog.OnEntryMade(in EntryHeader entry) =>
        Add(EntryKinds.Of(entry.Type), entry.Term, entry.Configuration is { } made ? encodeConfiguration(made) : default);

    ulong IEntryLog.LastIndexWithin(ulong first, ulong last, long maxBytes, out long bytes)
    {
        bytes = _places[first].Length + EntryOverheadBytes;
        ulong reached = first;
        while (reached < last)
        {
            long next = bytes + _places[reached + 1].Length + EntryOverheadBytes;
            if (next > maxBytes)
            {
                break;
            }

            bytes = next;
            reached++;
        }

        return reached;
    }
}
