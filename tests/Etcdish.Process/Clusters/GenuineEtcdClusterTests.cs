using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>Three genuine etcds keep every promise under every fault: the proof that the harness judges rightly.</summary>
[Parallelizable(ParallelScope.All)]
public class GenuineEtcdClusterTests : ClusterFaultTests
{
    // It handles the signal, and then raises it again for itself.
    protected override int ExitCodeOfTermination => 128 + (int)Signal.Terminate;

    protected override ServerProcess CreateMember() => new GenuineEtcd();
}
