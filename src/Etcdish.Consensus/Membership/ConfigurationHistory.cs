namespace Etcdish.Consensus;

/// <summary>
/// Which configuration each index of the log puts in force. The newest one counts as soon as its entry is in the log (thesis, section
/// 4.1), so a truncation that takes the entry away puts the one before in force again.
/// </summary>
internal sealed class ConfigurationHistory
{
    private readonly record struct Era(ulong Index, Configuration Configuration);

    private readonly List<Era> _eras = [];

    internal ConfigurationHistory(ulong baseIndex, Configuration configuration)
    {
        Reset(baseIndex, configuration);
    }

    /// <summary>The configuration in force.</summary>
    internal Configuration Current => _eras[^1].Configuration;

    /// <summary>The index of the entry that carries it; that of the base when none does.</summary>
    internal ulong CurrentIndex => _eras[^1].Index;

    internal void Reset(ulong baseIndex, Configuration configuration)
    {
        _eras.Clear();
        _eras.Add(new Era(baseIndex, configuration));
    }

    internal void Append(ulong index, Configuration configuration)
    {
        ConsensusInvariantException.Check(index > CurrentIndex, "configurations come in the order of the log");
        _eras.Add(new Era(index, configuration));
    }

    internal void TruncateFrom(ulong index)
    {
        while (_eras.Count > 1 && _eras[^1].Index >= index)
        {
            _eras.RemoveAt(_eras.Count - 1);
        }

        ConsensusInvariantException.Check(CurrentIndex < index || index == 0, "the base's configuration is never cut");
    }

    /// <summary>The configuration that was in force at an index not below the base.</summary>
    internal Configuration At(ulong index)
    {
        for (var i = _eras.Count - 1; i > 0; i--)
        {
            if (_eras[i].Index <= index)
            {
                return _eras[i].Configuration;
            }
        }

        return _eras[0].Configuration;
    }

    /// <summary>Whether a member is a voter in any configuration that is, or may still be, the one in force among the others.</summary>
    internal bool IsVoterSince(ulong committed, ulong member)
    {
        for (var i = _eras.Count - 1; i >= 0; i--)
        {
            if (_eras[i].Configuration.IsVoter(member))
            {
                return true;
            }

            if (_eras[i].Index <= committed)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Forgets what nobody can ask for any more: all before the one in force at the index.</summary>
    internal void Compact(ulong through)
    {
        var keep = _eras.FindLastIndex(era => era.Index <= through);
        if (keep > 0)
        {
            _eras.RemoveRange(0, keep);
        }
    }
}
