namespace Etcdish.Scheduler.Cluster;

/// <summary>
/// Numbers for the names of resources, so that amounts are vectors. The first three are cpu (counted in thousandths), memory and
/// ephemeral-storage; the number of pods is not among them.
/// </summary>
internal sealed class ResourceNames
{
    public const int Cpu = 0;
    public const int Memory = 1;
    public const int EphemeralStorage = 2;

    private readonly Dictionary<string, int> _ids = new() { ["cpu"] = Cpu, ["memory"] = Memory, ["ephemeral-storage"] = EphemeralStorage };
    private readonly List<string> _names = ["cpu", "memory", "ephemeral-storage"];

    public int Count => _names.Count;

    public string this[int id] => _names[id];

    public int Of(string name)
    {
        if (!_ids.TryGetValue(name, out var id))
        {
            _ids[name] = id = _names.Count;
            _names.Add(name);
        }

        return id;
    }
}

/// <summary>An amount of a resource.</summary>
/// <param name="Resource">Its number in <see cref="ResourceNames"/>.</param>
/// <param name="Value">Whole units; thousandths of cpu.</param>
internal readonly record struct ResourceAmount(int Resource, long Value);
