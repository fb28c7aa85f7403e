using System.CommandLine;
using Etcdish.ApiLoad.Rows;

namespace Etcdish.ApiLoad.Nodes;

/// <summary>api-load node: the rows of the kubelet.</summary>
internal static class NodeCommand
{
    private const double MaxSecondsProcess = 3;
    private const double MaxSecondsContainerd = 20;

    public static Command Create() => RowCommand.Create(
        "node",
        $"Measure a kubelet with {NodeRow.Pods} pods, in a process of its own beside the API server; containers run on this machine, as root.",
        [new NodeRow("process", MaxSecondsProcess), new NodeRow("containerd", MaxSecondsContainerd)]);
}
