namespace Etcdish.Checkers;

/// <summary>Which operation wrote each revision; null for one that nobody claimed (yet) or that the expiry of a lease wrote.</summary>
internal sealed class Writers(StateHistory states, List<Violation> violations)
{
    private readonly Operation?[] _writers = new Operation?[states.LastRevision + 1];

    public Operation? this[long revision] => _writers[revision];

    public long LastRevision => states.LastRevision;

    /// <summary>The acknowledged or matched operation that is taken to have written the revision.</summary>
    public void Claim(long revision, Operation operation)
    {
        if (_writers[revision] is { } other)
            violations.Add(new(ViolationKind.RevisionUsedTwice, $"revision {revision} is claimed by {other} and by {operation}"));
        else
            _writers[revision] = operation;
    }

    public IEnumerable<long> Unclaimed()
    {
        for (long revision = History.EmptyRevision + 1; revision <= LastRevision; revision++)
        {
            if (_writers[revision] is null)
                yield return revision;
        }
    }
}
