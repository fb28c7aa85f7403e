namespace Etcdish.Store;

/// <summary>
/// Reads etcdserverpb.WatchRequest. Unknown fields, and known ones of another wire type, are skipped as protobuf wants.
/// <code>
/// WatchRequest        1 create_request message, 2 cancel_request message, 3 progress_request message (one of them; the last one counts)
/// WatchCreateRequest  1 key bytes, 2 range_end bytes, 3 start_revision int64, 4 progress_notify bool,
///                     5 filters enum (NOPUT 0, NODELETE 1; packed or not), 6 prev_kv bool, 7 watch_id int64, 8 fragment bool
/// WatchCancelRequest  1 watch_id int64
/// </code>
/// </summary>
public static class WatchRequestDecoder
{
    /// <summary>Decodes a request; the arrays in it are copies.</summary>
    /// <param name="message">The message's bytes.</param>
    /// <exception cref="MalformedRequestException">The bytes are no such message.</exception>
    public static WatchRequest Decode(ReadOnlyMemory<byte> message)
    {
        ProtoReader reader = new(message);
        WatchRequest request = default;
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, ProtoReader.LengthDelimited): request = MergeCreate(request, reader.ReadBytes()); break;
                case (2, ProtoReader.LengthDelimited): request = MergeCancel(request, reader.ReadBytes()); break;
                case (3, ProtoReader.LengthDelimited): request = Progress(reader.ReadBytes()); break;
                default: reader.Skip(); break;
            }
        }

        return request;
    }

    private static WatchRequest MergeCreate(WatchRequest request, ReadOnlyMemory<byte> message)
    {
        WatchCreateRequest create = request.Create ?? new WatchCreateRequest();
        ProtoReader reader = new(message);
        while (reader.MoveNext())
            ReadCreateField(ref reader, create);
        return new WatchRequest(WatchRequestKind.Create, create, 0);
    }

    private static void ReadCreateField(ref ProtoReader reader, WatchCreateRequest create)
    {
        switch (reader.Field, reader.WireType)
        {
            case (1, ProtoReader.LengthDelimited): create.Key = reader.ReadBytes().ToArray(); break;
            case (2, ProtoReader.LengthDelimited): create.RangeEnd = reader.ReadBytes().ToArray(); break;
            case (3, ProtoReader.Varint): create.StartRevision = reader.ReadInt64(); break;
            case (4, ProtoReader.Varint): create.ProgressNotify = reader.ReadBool(); break;
            case (5, ProtoReader.Varint): AddFilter(create, reader.ReadEnum()); break;
            case (5, ProtoReader.LengthDelimited): ReadPackedFilters(reader.ReadBytes(), create); break;
            case (6, ProtoReader.Varint): create.PrevKv = reader.ReadBool(); break;
            case (7, ProtoReader.Varint): create.WatchId = reader.ReadInt64(); break;
            case (8, ProtoReader.Varint): create.Fragment = reader.ReadBool(); break;
            default: reader.Skip(); break;
        }
    }

    private static void ReadPackedFilters(ReadOnlyMemory<byte> packed, WatchCreateRequest create)
    {
        ProtoReader reader = new(packed);
        while (!reader.IsAtEnd)
            AddFilter(create, reader.ReadEnum());
    }

    // Numbers that a later protocol may add filter nothing.
    private static void AddFilter(WatchCreateRequest create, int filter)
    {
        create.NoPut |= filter == 0;
        create.NoDelete |= filter == 1;
    }

    private static WatchRequest MergeCancel(WatchRequest request, ReadOnlyMemory<byte> message)
    {
        long id = request.CancelId;
        ProtoReader reader = new(message);
        while (reader.MoveNext())
        {
            if (reader.Is(1, ProtoReader.Varint))
                id = reader.ReadInt64();
            else
                reader.Skip();
        }

        return new WatchRequest(WatchRequestKind.Cancel, null, id);
    }

    private static WatchRequest Progress(ReadOnlyMemory<byte> message)
    {
        ProtoReader reader = new(message);
        while (reader.MoveNext())
            reader.Skip();
        return new WatchRequest(WatchRequestKind.Progress, null, 0);
    }
}
