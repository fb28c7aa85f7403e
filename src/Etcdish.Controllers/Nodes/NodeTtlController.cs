using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>
/// Tells nodes by an annotation how long they may trust what they have read of secrets and config maps: longer in large clusters.
/// </summary>
public sealed class NodeTtlController : Controller
{
    internal const string Annotation = "node.alpha.kubernetes.io/ttl";

    /// <summary>
    /// Seconds, and the numbers of nodes between which they hold; they overlap, so that a node more or less changes nothing.
    /// </summary>
    private static readonly (int Least, int Most, int Seconds)[] _steps =
        [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 10000, 300), (9000, int.MaxValue, 600)];

    private readonly Informer<Node> _nodes;
    private int _step;

    /// <summary>Makes one.</summary>
    public NodeTtlController(ControllerContext context)
        : base("ttl-controller", context)
    {
        _nodes = context.Informers.Of(Resources.Nodes);
        _nodes.Subscribe((_, now) =>
        {
            _step = StepOf(_step, _nodes.Count);
            if (now is not null && Wanted() != now.Metadata.Annotations.GetValueOrDefault(Annotation))
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>The step for so many nodes, if it was another before.</summary>
    internal static int StepOf(int step, int nodes)
    {
        while (nodes > _steps[step].Most)
        {
            step++;
        }

        while (nodes < _steps[step].Least)
        {
            step--;
        }

        return step;
    }

    /// <summary>The seconds of a step.</summary>
    internal static int SecondsOf(int step) => _steps[step].Seconds;

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_nodes.Find(key) is not { Metadata.IsBeingDeleted: false } node
            || Wanted() == node.Metadata.Annotations.GetValueOrDefault(Annotation))
        {
            return;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = node.Metadata.Uid, ["annotations"] = new JsonObject { [Annotation] = Wanted() } },
        };
        await Context.Client.PatchAsync(Resources.Nodes, "", key.Name, patch, PatchKind.Merge, "", cancellation);
    }

    private string Wanted() => SecondsOf(Volatile.Read(ref _step)).ToString(CultureInfo.InvariantCulture);
}
