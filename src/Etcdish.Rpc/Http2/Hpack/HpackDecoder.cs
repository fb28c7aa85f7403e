using System.Buffers;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// Decodes the header blocks of one connection (RFC 7541). A block is a sequence of:
/// <code>
/// 1xxxxxxx                      indexed field: all of it stands in a table
/// 01xxxxxx  [name] value        literal that enters the dynamic table
/// 001xxxxx                      size of the dynamic table; at most two, before all fields
/// 0001xxxx  [name] value        literal that must never enter a table, because it is a secret
/// 0000xxxx  [name] value        literal that stays out of the table
/// </code>
/// The number in the first byte is an index: 1 to 61 the static table, from 62 on the dynamic table, zero for a name that is spelled out.
/// <para>
/// Every block must be decoded, in the order it arrived and to its end, also that of a stream which is refused: otherwise the two ends
/// disagree about the table. Therefore a list of headers that is too large is no error here but a flag. For the same reason nothing can be
/// mended after an <see cref="HpackException"/>.
/// </para>
/// <para>
/// Memory is bounded by the table's bound, by the list's, and by the block's length (five bits of Huffman code make a byte).
/// Not safe for threads: it belongs to the connection's read loop.
/// </para>
/// </summary>
internal sealed class HpackDecoder
{
    /// <summary>The size a table has before anyone changes it (RFC 9113, section 6.5.2).</summary>
    public const int InitialTableBytes = 4096;

    // RFC 7541, section 4.2: the smallest size there was in between, and the last.
    private const int MaxSizeUpdates = 2;

    private const int StackBytes = 512;
    private const int IndexedFlag = 0x80;
    private const int InsertedFlag = 0x40;
    private const int SizeUpdateFlag = 0x20;
    private const int NeverIndexedFlag = 0x10;

    private readonly int _maxTableBytes;
    private readonly int _maxHeaderListBytes;
    private readonly HpackDynamicTable _table = new(InitialTableBytes);
    private readonly RecentFields _recent = new();
    private long _listBytes;

    /// <summary>Makes the decoder of a new connection.</summary>
    /// <param name="maxTableBytes">
    /// The SETTINGS_HEADER_TABLE_SIZE that this end announces. The table begins with 4096 bytes whatever is announced, because the peer
    /// does not know it yet; if that is more, the peer must lower it, and if it is less, the peer may raise it.
    /// </param>
    /// <param name="maxHeaderListBytes">The most that the fields of one block may sum up to, each with its text and 32 bytes.</param>
    public HpackDecoder(int maxTableBytes, int maxHeaderListBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxTableBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(maxHeaderListBytes);
        _maxTableBytes = maxTableBytes;
        _maxHeaderListBytes = maxHeaderListBytes;
    }

    /// <summary>Whether the last block had more fields than allowed. Those up to the bound were added to the list.</summary>
    public bool IsListTooLarge { get; private set; }

    /// <summary>The table, for tests.</summary>
    internal HpackDynamicTable Table => _table;

    /// <summary>Decodes one header block: that of a HEADERS frame and its CONTINUATIONs together.</summary>
    /// <param name="block">The whole block.</param>
    /// <param name="fields">Where the fields are added.</param>
    /// <exception cref="HpackException">The block is malformed; fields may have been added before that was seen.</exception>
    public void Decode(ReadOnlySpan<byte> block, List<HeaderField> fields)
    {
        IsListTooLarge = false;
        _listBytes = 0;
        int scratchBytes = HpackHuffman.MaxDecodedBytes(block.Length);
        byte[]? rented = scratchBytes <= StackBytes ? null : ArrayPool<byte>.Shared.Rent(scratchBytes);
        Span<byte> scratch = rented is null ? stackalloc byte[StackBytes] : rented;
        try
        {
            DecodeFields(block, scratch, fields);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private void DecodeFields(ReadOnlySpan<byte> block, Span<byte> scratch, List<HeaderField> fields)
    {
        int at = 0;
        ReadSizeUpdates(block, ref at);
        while (at < block.Length)
        {
            int first = block[at];
            if (first >= IndexedFlag)
            {
                AddToList(GetField(HpackInteger.Read(block, ref at, 7)), fields);
            }
            else if (first >= InsertedFlag)
            {
                HeaderField field = ReadLiteral(block, ref at, 6, scratch, isSecret: false);
                _table.Add(field);
                AddToList(field, fields);
            }
            else if (first >= SizeUpdateFlag)
            {
                throw new HpackException("the size of the table changes too often or after a field");
            }
            else
            {
                AddToList(ReadLiteral(block, ref at, 4, scratch, isSecret: first >= NeverIndexedFlag), fields);
            }
        }
    }

    private void ReadSizeUpdates(ReadOnlySpan<byte> block, ref int at)
    {
        for (int updates = 0; updates < MaxSizeUpdates && at < block.Length && block[at] is >= SizeUpdateFlag and < InsertedFlag; updates++)
        {
            int bytes = HpackInteger.Read(block, ref at, 5);
            if (bytes > _maxTableBytes)
            {
                throw new HpackException($"a table of {bytes} bytes is larger than the {_maxTableBytes} allowed");
            }

            _table.Resize(bytes);
        }
    }

    // Names and values in Huffman code are decoded side by side into the scratch space, which has room for all that a block can hold.
    private HeaderField ReadLiteral(ReadOnlySpan<byte> block, ref int at, int prefixBits, Span<byte> scratch, bool isSecret)
    {
        int nameIndex = HpackInteger.Read(block, ref at, prefixBits);
        HeaderField? named = nameIndex == 0 ? null : GetField(nameIndex);
        ReadOnlySpan<byte> name = named is null ? ReadString(block, ref at, ref scratch) : default;
        ReadOnlySpan<byte> value = ReadString(block, ref at, ref scratch);
        return isSecret ? RecentFields.Make(named, name, value) : _recent.Get(named, name, value);
    }

    private static ReadOnlySpan<byte> ReadString(ReadOnlySpan<byte> block, scoped ref int at, scoped ref Span<byte> scratch)
    {
        bool isHuffman = at < block.Length && block[at] >= 0x80;
        int length = HpackInteger.Read(block, ref at, 7);
        if (length > block.Length - at)
        {
            throw new HpackException("a string is cut off");
        }

        ReadOnlySpan<byte> text = block.Slice(at, length);
        at += length;
        if (!isHuffman)
        {
            return text;
        }

        if (!HpackHuffman.TryDecode(text, scratch, out int count))
        {
            throw new HpackException("a string in Huffman code is malformed");
        }

        ReadOnlySpan<byte> decoded = scratch[..count];
        scratch = scratch[count..];
        return decoded;
    }

    private HeaderField GetField(int index)
    {
        if (index is > 0 and <= HpackStaticTable.Count)
        {
            return HpackStaticTable.Get(index);
        }

        int age = index - HpackStaticTable.Count - 1;
        return age >= 0 && age < _table.Count ? _table[age] : throw new HpackException($"no table has a field {index}");
    }

    private void AddToList(HeaderField field, List<HeaderField> fields)
    {
        _listBytes += field.Size;
        if (_listBytes > _maxHeaderListBytes)
        {
            IsListTooLarge = true;
        }
        else
        {
            fields.Add(field);
        }
    }
}
