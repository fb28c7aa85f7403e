using System.Globalization;
using System.Text;

namespace Etcdish.Load.Http2;

/// <summary>
/// Reads header blocks (RFC 7541) for the three fields that matter: :status, grpc-status and grpc-message. The dynamic table is kept in
/// full, for a block may refer to any earlier field. Nothing is allocated unless the server adds to the table or spells out a value.
/// </summary>
internal sealed class HpackDecoder
{
    private const int EntryOverhead = 32;
    private const int TableLimit = 4096;

    private readonly List<Field> _dynamic = [];
    private int _tableSize;
    private int _tableLimit = TableLimit;

    /// <summary>HTTP status of the last block, 0 when it had none.</summary>
    public int HttpStatus { get; private set; }

    /// <summary>gRPC status of the last block, −1 when it had none.</summary>
    public int GrpcStatus { get; private set; }

    /// <summary>grpc-message of the last block, as sent.</summary>
    public string GrpcMessage { get; private set; } = "";

    public void Decode(ReadOnlySpan<byte> block)
    {
        HttpStatus = 0;
        GrpcStatus = -1;
        GrpcMessage = "";
        while (!block.IsEmpty)
        {
            byte first = block[0];
            if ((first & 0x80) != 0)
            {
                Emit(FieldAt(ReadInteger(ref block, 7)));
            }
            else if ((first & 0x40) != 0)
            {
                Field field = ReadLiteral(ref block, 6);
                Add(field);
                Emit(field);
            }
            else if ((first & 0x20) != 0)
            {
                _tableLimit = ReadInteger(ref block, 5);
                if (_tableLimit > TableLimit)
                {
                    throw new InvalidDataException("the server made its header table larger than allowed");
                }

                Evict(0);
            }
            else
            {
                Emit(ReadLiteral(ref block, 4));
            }
        }
    }

    private Field ReadLiteral(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        int index = ReadInteger(ref block, prefixBits);
        string name = index == 0 ? ReadString(ref block) : FieldAt(index).Name;
        return new Field(name, ReadString(ref block));
    }

    private static string ReadString(ref ReadOnlySpan<byte> block)
    {
        bool huffman = (block[0] & 0x80) != 0;
        int length = ReadInteger(ref block, 7);
        ReadOnlySpan<byte> bytes = block[..length];
        block = block[length..];
        return huffman ? Encoding.Latin1.GetString(HpackHuffman.Decode(bytes)) : Encoding.Latin1.GetString(bytes);
    }

    private static int ReadInteger(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        int mask = (1 << prefixBits) - 1;
        int value = block[0] & mask;
        block = block[1..];
        if (value < mask)
        {
            return value;
        }

        for (int shift = 0; shift <= 21; shift += 7)
        {
            byte part = block[0];
            block = block[1..];
            value += (part & 0x7f) << shift;
            if ((part & 0x80) == 0)
            {
                return value;
            }
        }

        throw new InvalidDataException("an integer in a header block is too large");
    }

    private Field FieldAt(int index)
    {
        if (index is > 0 and <= HpackStaticTable.Count)
        {
            return HpackStaticTable.Fields[index];
        }

        int age = index - HpackStaticTable.Count - 1;
        return age >= 0 && age < _dynamic.Count
            ? _dynamic[_dynamic.Count - 1 - age]
            : throw new InvalidDataException($"header index {index} does not exist");
    }

    private void Add(Field field)
    {
        Evict(field.Size);
        if (field.Size <= _tableLimit)
        {
            _dynamic.Add(field);
            _tableSize += field.Size;
        }
    }

    private void Evict(int room)
    {
        while (_tableSize + room > _tableLimit && _dynamic.Count > 0)
        {
            _tableSize -= _dynamic[0].Size;
            _dynamic.RemoveAt(0);
        }
    }

    private void Emit(Field field)
    {
        switch (field.Kind)
        {
            case FieldKind.HttpStatus:
                HttpStatus = field.Number;
                break;
            case FieldKind.GrpcStatus:
                GrpcStatus = field.Number;
                break;
            case FieldKind.GrpcMessage:
                GrpcMessage = field.Value;
                break;
        }
    }

    internal enum FieldKind
    {
        Other,
        HttpStatus,
        GrpcStatus,
        GrpcMessage,
    }

    /// <summary>A header field, with what it means worked out once, when it is read.</summary>
    internal sealed record Field(string Name, string Value)
    {
        public int Size { get; } = Name.Length + Value.Length + EntryOverhead;

        public FieldKind Kind { get; } = Name switch
        {
            ":status" => FieldKind.HttpStatus,
            "grpc-status" => FieldKind.GrpcStatus,
            "grpc-message" => FieldKind.GrpcMessage,
            _ => FieldKind.Other,
        };

        public int Number { get; } =
            int.TryParse(Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;
    }
}
