using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Scores;

/// <summary>What a node itself says for or against a pod, before it is compared with others.</summary>
internal static class NodeScores
{
    private const long MinImageSize = 23L * 1024 * 1024;
    private const long MaxImageSizePerContainer = 1000L * 1024 * 1024;

    /// <summary>How many taints of a node the pod would rather not meet.</summary>
    public static int UnwelcomeTaints(PodShape pod, NodeState node)
    {
        var count = 0;
        foreach (var taint in node.Object.Spec.Taints)
        {
            if (taint.Effect == "PreferNoSchedule" && !pod.Tolerates(taint))
            {
                count++;
            }
        }

        return count;
    }

    /// <summary>The sum of the weights of those preferences that a node meets.</summary>
    public static int Preference(PodShape pod, NodeState node)
    {
        var sum = 0;
        foreach (var term in pod.NodeAffinity?.Preferred ?? [])
        {
            // An empty preference says nothing.
            if (term.Weight != 0 && term.Preference.Matches(node.Object))
            {
                sum += term.Weight;
            }
        }

        return sum;
    }

    /// <summary>Whether any node has an image of a pod.</summary>
    public static bool HasImages(PodShape pod, ImageTable images)
    {
        foreach (var image in pod.Images)
        {
            if (images.Nodes(image) > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The more of a pod's images a node has, by size, the better (0 to 100). Images that few nodes have count less, lest all pods go to
    /// these.
    /// </summary>
    public static int Images(PodShape pod, NodeState node, ImageTable images, int nodes)
    {
        long sum = 0;
        foreach (var image in pod.Images)
        {
            sum += (long)(images.Size(image, node) * ((double)images.Nodes(image) / nodes));
        }

        var max = MaxImageSizePerContainer * pod.Images.Length;
        return (int)(100 * (Math.Clamp(sum, MinImageSize, max) - MinImageSize) / (max - MinImageSize));
    }
}
