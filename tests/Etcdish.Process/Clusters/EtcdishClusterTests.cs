using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>Three of ours under every fault.</summary>
[Parallelizable(ParallelScope.All)]
public class EtcdishClusterTests : ClusterFaultTests
{
    protected override int ExitCodeOfTermination => 0;

    protected override ServerProcess CreateMember() => new EtcdishServer();
}
