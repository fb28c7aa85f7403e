namespace Etcdish.Kubelet.Nodes;

/// <summary>Of what a node has too little.</summary>
internal readonly record struct NodePressures(bool Memory, bool Disk, bool Processes);
