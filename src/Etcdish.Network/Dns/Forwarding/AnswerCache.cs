using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Forwarding;

/// <summary>
/// A bounded number of answers, in two generations: when the younger is half of the bound, it becomes the older, and what nobody has asked
/// for since is gone. For use by many threads.
/// </summary>
internal sealed class AnswerCache(int most, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private Dictionary<byte[], CachedAnswer> _young = new(NameComparer.Instance);
    private Dictionary<byte[], CachedAnswer> _old = new(NameComparer.Instance);

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _young.Count + _old.Count;
            }
        }
    }

    /// <summary>The answer to a question, if it is known and still holds.</summary>
    public CachedAnswer? Find(ReadOnlySpan<byte> question)
    {
        lock (_lock)
        {
            if (!_young.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(question, out var answer)
                && _old.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(question, out var key, out answer))
            {
                Put(key, answer);
            }

            return answer is not null && !answer.IsOver(clock) ? answer : null;
        }
    }

    /// <summary>Keeps an answer.</summary>
    public void Add(byte[] question, CachedAnswer answer)
    {
        lock (_lock)
        {
            _old.Remove(question);
            Put(question, answer);
        }
    }

    private void Put(byte[] question, CachedAnswer answer)
    {
        _young[question] = answer;
        if (_young.Count > most / 2)
        {
            (_old, _young) = (_young, _old);
            _young.Clear();
        }
    }
}
