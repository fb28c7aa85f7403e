using System.Buffers.Binary;

namespace Etcdish.Store;

/// <summary>
/// Fills an empty store from the blocks of a checkpoint: <see cref="Add"/> each in order, then <see cref="Complete"/>. Keys come sorted, so
/// the index is built from the bottom at the end, without a search. A store whose load failed must be thrown away.
/// </summary>
public sealed class CheckpointLoader
{
    private readonly StoreState _state;
    private readonly Compactor _compactor;
    private readonly KeyIndexBuilder _index = new();
    private readonly List<KeyRevision> _leased = [];
    private RevisionSorter _changes = new(0);
    private KeyRevision? _last;
    private CheckpointFrameKind _previousKind;
    private ulong _versions;

    internal CheckpointLoader(StoreState state, Compactor compactor)
    {
        _state = state;
        _compactor = compactor;
    }

    /// <summary>Takes in the next block: one or several whole frames.</summary>
    /// <param name="block">The bytes.</param>
    /// <exception cref="InvalidDataException">They are no part of a checkpoint, or of a version unknown here.</exception>
    public void Add(ReadOnlySpan<byte> block)
    {
        while (!block.IsEmpty)
        {
            if (block.Length < CheckpointFormat.FrameHeadBytes)
            {
                throw CheckpointReader.Damaged("a frame is cut off");
            }

            var length = BinaryPrimitives.ReadUInt32LittleEndian(block);
            if (length is 0 or > CheckpointFormat.FrameMaxBytes || length > block.Length - CheckpointFormat.FrameHeadBytes)
            {
                throw CheckpointReader.Damaged("a frame is cut off");
            }

            var payload = block.Slice(CheckpointFormat.FrameHeadBytes, (int)length);
            if (BinaryPrimitives.ReadUInt32LittleEndian(block[4..]) != Crc32C.Compute(payload))
            {
                throw CheckpointReader.Damaged("a checksum does not match");
            }

            AddFrame((CheckpointFrameKind)payload[0], new CheckpointReader(payload[1..]));
            block = block[(CheckpointFormat.FrameHeadBytes + (int)length)..];
        }
    }

    /// <summary>Makes the store what the checkpoint says.</summary>
    /// <param name="runBoth">
    /// Runs two actions that share nothing, side by side where there are threads for it, and returns when both have ended; null runs one
    /// after the other.
    /// </param>
    /// <exception cref="InvalidDataException">The end is missing or does not fit.</exception>
    public void Complete(Action<Action, Action>? runBoth = null)
    {
        if (_previousKind != CheckpointFrameKind.End)
        {
            throw CheckpointReader.Damaged("its end is missing");
        }

        _state.Gate.EnterWriteLock();
        try
        {
            if (runBoth is null)
            {
                BuildIndex();
                BuildHistory();
            }
            else
            {
                runBoth(BuildIndex, BuildHistory);
            }

            _compactor.Reset(_state.CompactedRevision);
        }
        finally
        {
            _state.Gate.ExitWriteLock();
        }

        AttachLeases();
    }

    private void BuildIndex() => _state.Index.Load(_index);

    private void BuildHistory() => _changes.AppendTo(_state.Log);

    private void AddFrame(CheckpointFrameKind kind, CheckpointReader reader)
    {
        var isFirst = _previousKind == 0;
        if (isFirst != (kind == CheckpointFrameKind.Head) || kind < _previousKind || _previousKind == CheckpointFrameKind.End)
        {
            throw CheckpointReader.Damaged("a frame is out of place");
        }

        _previousKind = kind;
        switch (kind)
        {
            case CheckpointFrameKind.Head:
                ReadHead(ref reader);
                break;
            case CheckpointFrameKind.Leases:
                ReadLeases(ref reader);
                break;
            case CheckpointFrameKind.Alarms:
                ReadAlarms(ref reader);
                break;
            case CheckpointFrameKind.Keys:
                ReadKeys(ref reader);
                break;
            case CheckpointFrameKind.End:
                ReadEnd(ref reader);
                break;
            default:
                throw CheckpointReader.Damaged("a frame is of an unknown kind");
        }
    }

    private void ReadHead(ref CheckpointReader reader)
    {
        if (!reader.ReadBytes(8).SequenceEqual(CheckpointFormat.Magic))
        {
            throw CheckpointReader.Damaged("it does not begin as one");
        }

        var version = reader.ReadUInt32();
        if (version != CheckpointFormat.Version)
        {
            throw new InvalidDataException(
                $"the store's checkpoint has format version {version}; this program reads {CheckpointFormat.Version}");
        }

        _state.AppliedIndex = reader.ReadUInt64();
        _state.AppliedTerm = reader.ReadUInt64();
        _state.CurrentRevision = (long)reader.ReadUInt64();
        _state.CompactedRevision = (long)reader.ReadUInt64();
        if (_state.CurrentRevision < 1 || _state.CompactedRevision < -1 || _state.CompactedRevision > _state.CurrentRevision)
        {
            throw CheckpointReader.Damaged("its revisions make no sense");
        }

        // Only a hint, so it is not believed further than a few megabytes.
        const int MostKeysReserved = 1 << 18;
        _changes = new RevisionSorter((int)Math.Min(reader.ReadUInt64(), MostKeysReserved));
    }

    private void ReadLeases(ref CheckpointReader reader)
    {
        while (!reader.IsAtEnd)
        {
            var lease = new LeaseInfo((long)reader.ReadVarint(), (long)reader.ReadVarint(), (long)reader.ReadVarint());
            if (lease.Id == 0 || _state.Leases.Contains(lease.Id))
            {
                throw CheckpointReader.Damaged($"lease {lease.Id} cannot be there");
            }

            _state.Leases.Restore(lease);
        }
    }

    private void ReadAlarms(ref CheckpointReader reader)
    {
        while (!reader.IsAtEnd)
        {
            _state.Alarms.Raise(new AlarmMember(reader.ReadVarint(), (AlarmType)reader.ReadVarint32()));
        }
    }

    private void ReadKeys(ref CheckpointReader reader)
    {
        while (!reader.IsAtEnd)
        {
            var keyLength = reader.ReadVarint();
            byte[] key;
            KeyRevision? later = null;
            if (keyLength == 0)
            {
                later = _last ?? throw CheckpointReader.Damaged("a key is missing");
                key = later.Key;
            }
            else
            {
                key = reader.ReadBytes(keyLength).ToArray();
                if (_index.Last is { } last && last.Key.AsSpan().SequenceCompareTo(key) >= 0)
                {
                    throw CheckpointReader.Damaged("keys are out of order");
                }
            }

            ReadVersions(ref reader, key, later);
        }
    }

    private void ReadVersions(ref CheckpointReader reader, byte[] key, KeyRevision? later)
    {
        var count = reader.ReadVarint();
        if (count == 0)
        {
            throw CheckpointReader.Damaged("a key has no version");
        }

        for (; count > 0; count--)
        {
            var version = ReadVersion(ref reader, key);
            if (later is null)
            {
                AddNewest(version);
            }
            else if (version.ModRevision < later.ModRevision
                || (version.ModRevision == later.ModRevision && version.SubRevision < later.SubRevision))
            {
                later.Previous = version;
            }
            else
            {
                throw CheckpointReader.Damaged("versions are out of order");
            }

            if (version.ModRevision >= _state.CompactedRevision)
            {
                _changes.Add(version);
            }

            _state.Usage.Add(version);
            _versions++;
            later = version;
        }

        _last = later;
    }

    private void AddNewest(KeyRevision version)
    {
        _index.Add(version);
        if (version.Lease != 0)
        {
            _leased.Add(version);
        }
    }

    private KeyRevision ReadVersion(ref CheckpointReader reader, byte[] key)
    {
        var modRevision = (long)reader.ReadVarint();
        var subRevision = reader.ReadVarint32();
        if (modRevision < 2 || modRevision > _state.CurrentRevision)
        {
            throw CheckpointReader.Damaged("a revision is out of range");
        }

        if ((subRevision & 1) != 0)
        {
            return new KeyRevision { Key = key, ModRevision = modRevision, SubRevision = (int)(subRevision >> 1) };
        }

        var age = (long)reader.ReadVarint();
        var number = (long)reader.ReadVarint();
        var lease = (long)reader.ReadVarint();
        if (age < 0 || age > modRevision || number < 1)
        {
            throw CheckpointReader.Damaged("a version is out of range");
        }

        return new KeyRevision
        {
            Key = key,
            ModRevision = modRevision,
            SubRevision = (int)(subRevision >> 1),
            CreateRevision = modRevision - age,
            Version = number,
            Lease = lease,
            Value = ReadReference(ref reader),
        };
    }

    private static ValueReference ReadReference(ref CheckpointReader reader)
    {
        var length = reader.ReadVarint32();
        if (length > CheckpointFormat.MaxValueBytes)
        {
            throw CheckpointReader.Damaged("a value is too long");
        }

        return length == 0 ? default : new ValueReference(reader.ReadVarint32(), reader.ReadVarint32(), (int)length, reader.ReadUInt32());
    }

    private void ReadEnd(ref CheckpointReader reader)
    {
        if (reader.ReadUInt64() != (ulong)_index.Count || reader.ReadUInt64() != _versions)
        {
            throw CheckpointReader.Damaged("keys are missing");
        }
    }

    private void AttachLeases()
    {
        foreach (var version in _leased)
        {
            if (!_state.Leases.Contains(version.Lease))
            {
                throw CheckpointReader.Damaged($"lease {version.Lease} is missing");
            }

            _state.Leases.Attach(version.Lease, version.Key);
        }
    }
}
