using Etcdish.Scheduler.Counting;

namespace Etcdish.Scheduler.Pods;

/// <summary>
/// All pods of a namespace with equal labels. Selectors are asked once a class, not once a pod: the class knows the counters that count its
/// pods and the affinity terms of placed pods that mean them.
/// </summary>
/// <param name="ns">The namespace.</param>
/// <param name="labels">The labels.</param>
internal sealed class LabelClass(string ns, IReadOnlyDictionary<string, string> labels)
{
    public string Namespace { get; } = ns;

    public IReadOnlyDictionary<string, string> Labels { get; } = labels;

    /// <summary>The text it is known by.</summary>
    public string Key { get; init; } = "";

    /// <summary>Where it is in the list of classes.</summary>
    public int Place { get; set; }

    /// <summary>The shapes that are of it.</summary>
    public int Users { get; set; }

    /// <summary>The counters that count its pods.</summary>
    public List<MatchCounter> Counters { get; } = [];

    /// <summary>The terms of placed pods that mean its pods, as of <see cref="HeldVersion"/>.</summary>
    public List<HeldTerm> Held { get; } = [];

    /// <summary>The version of the held terms that <see cref="Held"/> is of.</summary>
    public long HeldVersion { get; set; } = -1;
}
