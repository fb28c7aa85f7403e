namespace Etcdish.Store;

/// <summary>A place in a walk over <see cref="KeyIndex"/>; good until the index changes.</summary>
internal struct KeyIndexCursor(KeyIndexLeaf leaf, int slot)
{
    private KeyIndexLeaf? _leaf = leaf;
    private int _slot = slot;

    /// <summary>The newest version of the next key.</summary>
    /// <returns>False at the end.</returns>
    public bool MoveNext(out KeyRevision newest)
    {
        while (_leaf is not null)
        {
            if (_slot < _leaf.Count)
            {
                newest = _leaf.Items[_slot++];
                return true;
            }

            _leaf = _leaf.Next;
            _slot = 0;
        }

        newest = null!;
        return false;
    }
}
