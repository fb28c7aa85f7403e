using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Cluster;

/// <summary>Which nodes have which images.</summary>
internal sealed class ImageTable
{
    private readonly Dictionary<string, Dictionary<int, long>> _sizes = [];

    /// <summary>How many nodes have an image.</summary>
    public int Nodes(string image) => _sizes.TryGetValue(image, out var found) ? found.Count : 0;

    /// <summary>The size of an image on a node, or 0.</summary>
    public long Size(string image, NodeState node) => _sizes.TryGetValue(image, out var found) ? found.GetValueOrDefault(node.Slot) : 0;

    public void Replace(int slot, Node? before, Node? now)
    {
        foreach (var image in before?.Status.Images ?? [])
        {
            foreach (var name in image.Names)
            {
                if (_sizes.TryGetValue(name, out var found) && found.Remove(slot) && found.Count == 0)
                {
                    _sizes.Remove(name);
                }
            }
        }

        foreach (var image in now?.Status.Images ?? [])
        {
            foreach (var name in image.Names)
            {
                if (!_sizes.TryGetValue(name, out var found))
                {
                    _sizes[name] = found = [];
                }

                found[slot] = image.SizeBytes;
            }
        }
    }

    /// <summary>An image's name as nodes tell it: with a tag.</summary>
    public static string Normalize(string image) => image.LastIndexOf(':') <= image.LastIndexOf('/') ? image + ":latest" : image;
}
