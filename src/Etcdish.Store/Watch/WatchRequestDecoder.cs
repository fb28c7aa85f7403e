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
    private const int Varint = 0;
    private const int LengthDelimited = 2;

    /// <summary>Decodes a request; the arrays in it are copies.</summary>
    /// <param name="message">The message's bytes.</param>
    /// <exception cref="MalformedRequestException">The bytes are no such message.</exception>
    public static WatchRequest Decode(ReadOnlySpan<byte> message)
    {
        WatchFieldReader reader = new(message);
        WatchRequest request = default;
        while (reader.ReadTag(out int field, out int wireType))
        {
            request = (field, wireType) switch
            {
                (1, LengthDelimited) => MergeCreate(request, reader.ReadBytes()),
                (2, LengthDelimited) => MergeCancel(request, reader.ReadBytes()),
                (3, LengthDelimited) => Progress(reader.ReadBytes()),
                _ => Skip(ref reader, field, wireType, request),
            };
        }

        return request;
    }

    private static WatchRequest MergeCreate(WatchRequest request, ReadOnlySpan<byte> message)
    {
        WatchCreateRequest create = request.Create ?? new WatchCreateRequest();
        WatchFieldReader reader = new(message);
        while (reader.ReadTag(out int field, out int wireType))
            ReadCreateField(ref reader, field, wireType, create);
        return new WatchRequest(WatchRequestKind.Create, create, 0);
    }

    private static void ReadCreateField(ref WatchFieldReader reader, int field, int wireType, WatchCreateRequest create)
    {
        switch (field, wireType)
        {
            case (1, LengthDelimited): create.Key = reader.ReadBytes().ToArray(); break;
            case (2, LengthDelimited): create.RangeEnd = reader.ReadBytes().ToArray(); break;
            case (3, Varint): create.StartRevision = (long)reader.ReadVarint(); break;
            case (4, Varint): create.ProgressNotify = reader.ReadVarint() != 0; break;
            case (5, Varint): AddFilter(create, reader.ReadVarint()); break;
            case (5, LengthDelimited): ReadPackedFilters(reader.ReadBytes(), create); break;
            case (6, Varint): create.PrevKv = reader.ReadVarint() != 0; break;
            case (7, Varint): create.WatchId = (long)reader.ReadVarint(); break;
            case (8, Varint): create.Fragment = reader.ReadVarint() != 0; break;
            default: reader.Skip(field, wireType); break;
        }
    }

    private static void ReadPackedFilters(ReadOnlySpan<byte> packed, WatchCreateRequest create)
    {
        WatchFieldReader reader = new(packed);
        while (!reader.AtEnd)
            AddFilter(create, reader.ReadVarint());
    }

    private static void AddFilter(WatchCreateRequest create, ulong filter)
    {
        // An enum is an int32 on the wire; numbers that a later protocol may add filter nothing.
        create.NoPut |= (int)filter == 0;
        create.NoDelete |= (int)filter == 1;
    }

    private static WatchRequest MergeCancel(WatchRequest request, ReadOnlySpan<byte> message)
    {
        long id = request.CancelId;
        WatchFieldReader reader = new(message);
        while (reader.ReadTag(out int field, out int wireType))
        {
            if (field == 1 && wireType == Varint)
                id = (long)reader.ReadVarint();
            else
                reader.Skip(field, wireType);
        }

        return new WatchRequest(WatchRequestKind.Cancel, null, id);
    }

    private static WatchRequest Progress(ReadOnlySpan<byte> message)
    {
        WatchFieldReader reader = new(message);
        while (reader.ReadTag(out int field, out int wireType))
            reader.Skip(field, wireType);
        return new WatchRequest(WatchRequestKind.Progress, null, 0);
    }

    private static WatchRequest Skip(ref WatchFieldReader reader, int field, int wireType, WatchRequest request)
    {
        reader.Skip(field, wireType);
        return request;
    }
}
