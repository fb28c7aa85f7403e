using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Counting;

namespace Etcdish.Scheduler.Pods;

/// <summary>The shapes and label classes of all pods that are known, each once.</summary>
/// <param name="names">The names of resources.</param>
/// <param name="counters">Are told of new and gone classes and shapes.</param>
internal sealed class PodShapes(ResourceNames names, Counters counters)
{
    private readonly ShapeKey _key = new();
    private readonly Dictionary<string, PodShape> _shapes = [];
    private readonly Dictionary<string, LabelClass> _classes = [];

    public int Count => _shapes.Count;

    /// <summary>The shape of a pod, which has one user more. Without <see cref="Release"/> it stays for ever.</summary>
    public PodShape Take(Pod pod)
    {
        var text = _key.Write(pod);
        if (!_shapes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var shape))
        {
            var key = text.ToString();
            shape = new PodShape(pod, ClassOf(pod), names) { Key = key };
            shape.Labels.Users++;
            _shapes[key] = shape;
        }

        shape.Users++;
        return shape;
    }

    /// <summary>A shape has one user less.</summary>
    public void Release(PodShape shape)
    {
        if (--shape.Users > 0)
        {
            return;
        }

        _shapes.Remove(shape.Key);
        counters.Remove(shape);
        if (--shape.Labels.Users == 0)
        {
            _classes.Remove(shape.Labels.Key);
            counters.Remove(shape.Labels);
        }
    }

    private LabelClass ClassOf(Pod pod)
    {
        var text = _key.WriteLabelsOf(pod);
        if (!_classes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var found))
        {
            found = new LabelClass(pod.Metadata.Namespace, pod.Metadata.Labels) { Key = text.ToString() };
            _classes[found.Key] = found;
            counters.Add(found);
        }

        return found;
    }
}
