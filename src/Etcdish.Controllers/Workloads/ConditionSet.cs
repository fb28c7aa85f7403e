using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>The conditions of a deployment while it is looked at: what is written in the end if anything has changed.</summary>
/// <param name="there">The conditions that are there.</param>
/// <param name="now">The time.</param>
internal sealed class ConditionSet(IEnumerable<Condition> there, DateTimeOffset now)
{
    private readonly List<Condition> _conditions = [.. there];

    /// <summary>All, in the order in which they were changed last.</summary>
    public IReadOnlyList<Condition> All => _conditions;

    /// <summary>The condition of a type, or null.</summary>
    public Condition? Find(string type) => _conditions.Find(condition => condition.Type == type);

    /// <summary>Sets a condition, unless it has this status for this reason already.</summary>
    public void Set(string type, string status, string reason, string message)
    {
        if (Find(type) is not { } current || current.Status != status || current.Reason != reason)
        {
            Renew(type, status, reason, message);
        }
    }

    /// <summary>Sets a condition, and says that it was looked at now even if nothing else is new.</summary>
    public void Renew(string type, string status, string reason, string message) => Take(new Condition
    {
        Type = type,
        Status = status,
        Reason = reason,
        Message = message,
        LastUpdateTime = now,
        LastTransitionTime = Find(type) is { } current && current.Status == status ? current.LastTransitionTime : now,
    });

    /// <summary>Takes a condition of another object over, unless it has its status for its reason already.</summary>
    public void Copy(Condition other)
    {
        if (Find(other.Type) is { } current && current.Status == other.Status && current.Reason == other.Reason)
        {
            return;
        }

        Take(new Condition
        {
            Type = other.Type,
            Status = other.Status,
            Reason = other.Reason,
            Message = other.Message,
            LastUpdateTime = other.LastTransitionTime,
            LastTransitionTime = Find(other.Type) is { } same && same.Status == other.Status
                ? same.LastTransitionTime
                : other.LastTransitionTime,
        });
    }

    /// <summary>Removes a condition.</summary>
    public void Remove(string type) => _conditions.RemoveAll(condition => condition.Type == type);

    private void Take(Condition condition)
    {
        Remove(condition.Type);
        _conditions.Add(condition);
    }
}
