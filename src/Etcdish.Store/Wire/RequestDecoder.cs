namespace Etcdish.Store;

/// <summary>
/// Decodes etcd's requests without copying: memory fields of what comes out are slices of the input. Unknown fields are skipped, of a
/// repeated scalar the last one wins. Every method throws <see cref="MalformedRequestException"/> and nothing else on bad input.
/// </summary>
public static class RequestDecoder
{
    /// <summary>Deepest nesting of transactions that is decoded; more is malformed.</summary>
    public const int MaxTxnDepth = 100;

    private const int Varint = ProtoReader.Varint;
    private const int Bytes = ProtoReader.LengthDelimited;

    /// <summary>Decodes etcdserverpb.RangeRequest.</summary>
    public static RangeRequest DecodeRange(ReadOnlyMemory<byte> message)
    {
        ReadOnlyMemory<byte> key = default, rangeEnd = default;
        long limit = 0, revision = 0, minMod = 0, maxMod = 0, minCreate = 0, maxCreate = 0;
        int order = 0, target = 0;
        bool serializable = false, keysOnly = false, countOnly = false;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Bytes): key = reader.ReadBytes(); break;
                case (2, Bytes): rangeEnd = reader.ReadBytes(); break;
                case (3, Varint): limit = reader.ReadInt64(); break;
                case (4, Varint): revision = reader.ReadInt64(); break;
                case (5, Varint): order = reader.ReadEnum(); break;
                case (6, Varint): target = reader.ReadEnum(); break;
                case (7, Varint): serializable = reader.ReadBool(); break;
                case (8, Varint): keysOnly = reader.ReadBool(); break;
                case (9, Varint): countOnly = reader.ReadBool(); break;
                case (10, Varint): minMod = reader.ReadInt64(); break;
                case (11, Varint): maxMod = reader.ReadInt64(); break;
                case (12, Varint): minCreate = reader.ReadInt64(); break;
                case (13, Varint): maxCreate = reader.ReadInt64(); break;
                default: reader.Skip(); break;
            }
        }

        return new RangeRequest
        {
            Key = key,
            RangeEnd = rangeEnd,
            Limit = limit,
            Revision = revision,
            SortOrder = (SortOrder)order,
            SortTarget = (SortTarget)target,
            Serializable = serializable,
            KeysOnly = keysOnly,
            CountOnly = countOnly,
            MinModRevision = minMod,
            MaxModRevision = maxMod,
            MinCreateRevision = minCreate,
            MaxCreateRevision = maxCreate,
        };
    }

    /// <summary>Decodes etcdserverpb.PutRequest.</summary>
    public static PutRequest DecodePut(ReadOnlyMemory<byte> message)
    {
        ReadOnlyMemory<byte> key = default, value = default;
        long lease = 0;
        bool prevKv = false, ignoreValue = false, ignoreLease = false;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Bytes): key = reader.ReadBytes(); break;
                case (2, Bytes): value = reader.ReadBytes(); break;
                case (3, Varint): lease = reader.ReadInt64(); break;
                case (4, Varint): prevKv = reader.ReadBool(); break;
                case (5, Varint): ignoreValue = reader.ReadBool(); break;
                case (6, Varint): ignoreLease = reader.ReadBool(); break;
                default: reader.Skip(); break;
            }
        }

        return new PutRequest
        {
            Key = key,
            Value = value,
            Lease = lease,
            PrevKv = prevKv,
            IgnoreValue = ignoreValue,
            IgnoreLease = ignoreLease,
        };
    }

    /// <summary>Decodes etcdserverpb.DeleteRangeRequest.</summary>
    public static DeleteRangeRequest DecodeDeleteRange(ReadOnlyMemory<byte> message)
    {
        ReadOnlyMemory<byte> key = default, rangeEnd = default;
        var prevKv = false;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Bytes): key = reader.ReadBytes(); break;
                case (2, Bytes): rangeEnd = reader.ReadBytes(); break;
                case (3, Varint): prevKv = reader.ReadBool(); break;
                default: reader.Skip(); break;
            }
        }

        return new DeleteRangeRequest { Key = key, RangeEnd = rangeEnd, PrevKv = prevKv };
    }

    /// <summary>Decodes etcdserverpb.TxnRequest.</summary>
    public static TxnRequest DecodeTxn(ReadOnlyMemory<byte> message) => DecodeTxn(message, depth: 1);

    /// <summary>Decodes etcdserverpb.CompactionRequest.</summary>
    public static CompactionRequest DecodeCompaction(ReadOnlyMemory<byte> message)
    {
        long revision = 0;
        var physical = false;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Varint): revision = reader.ReadInt64(); break;
                case (2, Varint): physical = reader.ReadBool(); break;
                default: reader.Skip(); break;
            }
        }

        return new CompactionRequest { Revision = revision, Physical = physical };
    }

    /// <summary>Decodes etcdserverpb.LeaseGrantRequest.</summary>
    public static LeaseGrantRequest DecodeLeaseGrant(ReadOnlyMemory<byte> message)
    {
        long ttl = 0, id = 0;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Varint): ttl = reader.ReadInt64(); break;
                case (2, Varint): id = reader.ReadInt64(); break;
                default: reader.Skip(); break;
            }
        }

        return new LeaseGrantRequest { Id = id, TtlSeconds = ttl };
    }

    /// <summary>Decodes etcdserverpb.LeaseRevokeRequest.</summary>
    /// <returns>The lease's ID.</returns>
    public static long DecodeLeaseRevoke(ReadOnlyMemory<byte> message)
    {
        long id = 0;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            if (reader.Is(1, Varint))
            {
                id = reader.ReadInt64();
            }
            else
            {
                reader.Skip();
            }
        }

        return id;
    }

    /// <summary>Decodes etcdserverpb.AlarmRequest.</summary>
    public static AlarmRequest DecodeAlarm(ReadOnlyMemory<byte> message)
    {
        int action = 0, type = 0;
        ulong member = 0;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Varint): action = reader.ReadEnum(); break;
                case (2, Varint): member = reader.ReadVarint(); break;
                case (3, Varint): type = reader.ReadEnum(); break;
                default: reader.Skip(); break;
            }
        }

        return new AlarmRequest { Action = (AlarmAction)action, MemberId = member, Type = (AlarmType)type };
    }

    /// <summary>Decodes the payload of <see cref="EntryKind.LeaseCheckpoint"/>: pairs of lease ID and remaining seconds.</summary>
    /// <param name="payload">Varints, two for each lease.</param>
    /// <param name="remaining">Receives the pairs.</param>
    public static void DecodeLeaseCheckpoint(ReadOnlyMemory<byte> payload, List<KeyValuePair<long, long>> remaining)
    {
        ArgumentNullException.ThrowIfNull(remaining);
        var reader = new ProtoReader(payload);
        while (!reader.IsAtEnd)
        {
            var id = reader.ReadInt64();
            remaining.Add(new(id, reader.ReadInt64()));
        }
    }

    private static TxnRequest DecodeTxn(ReadOnlyMemory<byte> message, int depth)
    {
        if (depth > MaxTxnDepth)
        {
            throw new MalformedRequestException("proto: exceeded maximum recursion depth");
        }

        List<Compare>? compares = null;
        List<RequestOp>? success = null, failure = null;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Bytes): (compares ??= []).Add(DecodeCompare(reader.ReadBytes())); break;
                case (2, Bytes): (success ??= []).Add(DecodeOp(reader.ReadBytes(), depth)); break;
                case (3, Bytes): (failure ??= []).Add(DecodeOp(reader.ReadBytes(), depth)); break;
                default: reader.Skip(); break;
            }
        }

        return new TxnRequest
        {
            Compare = (IReadOnlyList<Compare>?)compares ?? [],
            Success = (IReadOnlyList<RequestOp>?)success ?? [],
            Failure = (IReadOnlyList<RequestOp>?)failure ?? [],
        };
    }

    private static RequestOp DecodeOp(ReadOnlyMemory<byte> message, int depth)
    {
        RequestOp? op = null;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            if (reader.WireType == Bytes && reader.Field is >= (int)RequestOpKind.Range and <= (int)RequestOpKind.Txn)
            {
                op = DecodeOp((RequestOpKind)reader.Field, reader.ReadBytes(), depth);
            }
            else
            {
                reader.Skip();
            }
        }

        return op ?? new RequestOp();
    }

    private static RequestOp DecodeOp(RequestOpKind kind, ReadOnlyMemory<byte> request, int depth) => kind switch
    {
        RequestOpKind.Range => new RequestOp { Kind = kind, Range = DecodeRange(request) },
        RequestOpKind.Put => new RequestOp { Kind = kind, Put = DecodePut(request) },
        RequestOpKind.DeleteRange => new RequestOp { Kind = kind, DeleteRange = DecodeDeleteRange(request) },
        _ => new RequestOp { Kind = kind, Txn = DecodeTxn(request, depth + 1) },
    };

    private static Compare DecodeCompare(ReadOnlyMemory<byte> message)
    {
        int result = 0, target = 0, union = 0;
        ReadOnlyMemory<byte> key = default, rangeEnd = default, value = default;
        long number = 0;
        var reader = new ProtoReader(message);
        while (reader.MoveNext())
        {
            switch (reader.Field, reader.WireType)
            {
                case (1, Varint): result = reader.ReadEnum(); break;
                case (2, Varint): target = reader.ReadEnum(); break;
                case (3, Bytes): key = reader.ReadBytes(); break;
                case (4 or 5 or 6 or 8, Varint): (union, number) = (reader.Field, reader.ReadInt64()); break;
                case (7, Bytes): (union, value) = (7, reader.ReadBytes()); break;
                case (64, Bytes): rangeEnd = reader.ReadBytes(); break;
                default: reader.Skip(); break;
            }
        }

        return new Compare
        {
            Result = (CompareResult)result,
            Target = (CompareTarget)target,
            Key = key,
            RangeEnd = rangeEnd,
            Number = union == NumberField((CompareTarget)target) ? number : 0,
            Value = union == 7 ? value : default,
        };
    }

    // A target whose own member of the union is not the one that was set compares with zero.
    internal static int NumberField(CompareTarget target) => target switch
    {
        CompareTarget.Version => 4,
        CompareTarget.Create => 5,
        CompareTarget.Mod => 6,
        CompareTarget.Lease => 8,
        _ => 0,
    };
}
