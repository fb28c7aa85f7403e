using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Etcdish.Network.Dns.Messages;

/// <summary>
/// Writes a message into a buffer that is as large as the message may become. Names are shortened by pointers to where they, or their ends,
/// stand already. A record that does not fit leaves nothing behind.
/// </summary>
internal ref struct MessageWriter
{
    /// <summary>The bytes of an OPT record without options.</summary>
    public const int EdnsBytes = 11;

    private const int MaxPointer = 0x3FFF;
    private readonly Span<byte> _whole;
    private readonly Span<byte> _buffer;
    private NamePlaces _places;
    private int _known;
    private int _at;
    private SectionCounts _counts;

    /// <summary>Begins a message.</summary>
    /// <param name="buffer">Where to; not larger than the message may be.</param>
    /// <param name="withEdns">Whether room is kept for <see cref="WriteEdns"/>.</param>
    public MessageWriter(Span<byte> buffer, bool withEdns)
    {
        _whole = buffer;
        _buffer = withEdns ? buffer[..^EdnsBytes] : buffer;
        _at = DnsHeader.Bytes;
    }

    /// <summary>How long the message is now.</summary>
    public readonly int Length => _at;

    /// <summary>Whether there is any answer.</summary>
    public readonly bool HasAnswers => _counts[(int)Section.Answer] > 0;

    /// <summary>Puts the question as it was asked, with its letters as they were.</summary>
    /// <param name="question">Name, type and class; the name without pointers.</param>
    public void CopyQuestion(scoped ReadOnlySpan<byte> question)
    {
        question.CopyTo(_buffer[_at..]);
        for (var i = 0; question[i] != 0; i += question[i] + 1)
        {
            Remember(_at + i);
        }

        _at += question.Length;
        _counts[0]++;
    }

    /// <summary>Puts a record of the class of the Internet; sections must come in their order.</summary>
    /// <param name="section">The section.</param>
    /// <param name="owner">Its name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="ttl">For how many seconds it may be kept.</param>
    /// <param name="data">Its data, with names written out.</param>
    /// <returns>Whether it fits; if not, nothing has changed.</returns>
    public bool TryAdd(Section section, scoped ReadOnlySpan<byte> owner, RecordType type, uint ttl, scoped ReadOnlySpan<byte> data)
    {
        var (start, known) = (_at, _known);
        if (TryWriteName(owner, mayCompress: true) && TryWriteFields(type, DnsQuestion.Internet, ttl) && TryWriteData(type, data))
        {
            _counts[(int)section]++;
            return true;
        }

        (_at, _known) = (start, known);
        return false;
    }

    /// <summary>Puts the record by which EDNS is spoken, for which room was kept.</summary>
    /// <param name="upperCode">The upper eight bits of the response's code.</param>
    public void WriteEdns(int upperCode)
    {
        var to = _whole[_at..];
        to[0] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(to[1..], (ushort)RecordType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(to[3..], DnsQuery.MaxDatagram);
        BinaryPrimitives.WriteUInt32BigEndian(to[5..], (uint)upperCode << 24);
        BinaryPrimitives.WriteUInt16BigEndian(to[9..], 0);
        _at += EdnsBytes;
        _counts[(int)Section.Additional]++;
    }

    /// <summary>Puts the header; the message is complete.</summary>
    /// <returns>Its length.</returns>
    public readonly int Finish(ushort id, int flags)
    {
        new DnsHeader(id, (ushort)flags, _counts[0], _counts[1], _counts[2], _counts[3]).Write(_whole);
        return _at;
    }

    private bool TryWriteFields(RecordType type, ushort recordClass, uint ttl)
    {
        if (_at + 10 > _buffer.Length)
        {
            return false;
        }

        var to = _buffer[_at..];
        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], recordClass);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], ttl);
        _at += 10;
        return true;
    }

    private bool TryWriteData(RecordType type, scoped ReadOnlySpan<byte> data)
    {
        var start = _at;
        var shape = RecordShape.Of(type);
        if (!TryWrite(data[..shape.Before]))
        {
            return false;
        }

        data = data[shape.Before..];
        for (var i = 0; i < shape.Names; i++)
        {
            var length = WireName.LengthOf(data);
            if (!TryWriteName(data[..length], shape.MayCompress))
            {
                return false;
            }

            data = data[length..];
        }

        if (!TryWrite(data))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(start - 2)..], (ushort)(_at - start));
        return true;
    }

    private bool TryWriteName(scoped ReadOnlySpan<byte> name, bool mayCompress)
    {
        // A name is not found in itself: its end is not there yet.
        var known = _known;
        for (; name[0] != 0; name = WireName.Parent(name))
        {
            if (mayCompress && Find(name, known) is var place and > 0)
            {
                if (_at + 2 > _buffer.Length)
                {
                    return false;
                }

                BinaryPrimitives.WriteUInt16BigEndian(_buffer[_at..], (ushort)(0xC000 | place));
                _at += 2;
                return true;
            }

            Remember(_at);
            if (!TryWrite(name[..(name[0] + 1)]))
            {
                return false;
            }
        }

        return TryWrite(name[..1]);
    }

    private bool TryWrite(scoped ReadOnlySpan<byte> bytes)
    {
        if (_at + bytes.Length > _buffer.Length)
        {
            return false;
        }

        bytes.CopyTo(_buffer[_at..]);
        _at += bytes.Length;
        return true;
    }

    private void Remember(int place)
    {
        if (_known < NamePlaces.Size && place <= MaxPointer)
        {
            _places[_known++] = (ushort)place;
        }
    }

    private readonly int Find(scoped ReadOnlySpan<byte> name, int known)
    {
        for (var i = 0; i < known; i++)
        {
            if (IsAt(_places[i], name))
            {
                return _places[i];
            }
        }

        return 0;
    }

    private readonly bool IsAt(int at, scoped ReadOnlySpan<byte> name)
    {
        while (true)
        {
            int size = _buffer[at];
            if (size > WireName.MaxLabelBytes)
            {
                at = ((size & 0x3F) << 8) | _buffer[at + 1];
                continue;
            }

            if (size != name[0])
            {
                return false;
            }

            if (size == 0)
            {
                return true;
            }

            if (!Ascii.EqualsIgnoreCase(_buffer.Slice(at + 1, size), name.Slice(1, size)))
            {
                return false;
            }

            at += size + 1;
            name = WireName.Parent(name);
        }
    }

    /// <summary>Where the first labels stand; what comes later is written out, at the cost of bytes only.</summary>
    [InlineArray(Size)]
    private struct NamePlaces
    {
        public const int Size = 24;
        private ushort _first;
    }

    [InlineArray(4)]
    private struct SectionCounts
    {
        private ushort _first;
    }
}

/// <summary>A part of a message.</summary>
internal enum Section
{
    Answer = 1,
    Authority = 2,
    Additional = 3,
}
