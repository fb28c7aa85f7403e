using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>
/// A machine that really runs short: pods fill a small disk, or take memory, until <c>etcdish kubelet</c> evicts them, says why, and keeps
/// others away from the node.
/// </summary>
[NonParallelizable]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EvictionTests : IDisposable
{
    private const string Node = "tight";
    private const long Mebibyte = 1 << 20;

    /// <summary>What other programs of the machine may take or free meanwhile.</summary>
    private const long Margin = 1536 * Mebibyte;

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(40);

    private readonly KubernetesServer _server;
    private ChildProcess? _kubelet;
    private string? _disk;

    public EvictionTests()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Tools.Missing("mounts and control groups of containers need root");
        }

        _server = new KubernetesServer(onGenuineEtcd: false, up: ["--disable-kubelet"]);
    }

    public void Dispose()
    {
        _server.Kubectl("delete pods --all --grace-period=1 --timeout=30s");
        _kubelet?.Dispose();
        _server.Dispose();
        if (_disk is not null)
        {
            Run("umount", "-l", _disk);
            Directory.Delete(_disk);
        }
    }

    [Test]
    public void A_full_disk_costs_the_pod_that_filled_it()
    {
        _disk = Directory.CreateTempSubdirectory("etcdish-eviction-").FullName;
        Run("mount", "-t", "tmpfs", "-o", "size=64m", "etcdish-eviction", _disk);
        StartKubelet(_disk, "nodefs.available<50%");
        _server.Run("""
            apply -f {modest} => pod/modest created
            wait --for=condition=Ready pod/modest --timeout=30s => .*
            apply -f {filler} => pod/filler created
            wait --for=jsonpath={.status.phase}=Failed pod/filler --timeout=40s => .*
            get pod filler -o jsonpath={.status.reason} => Evicted
            get pod filler -o jsonpath={.status.message} => The node was low on resource: ephemeral-storage\. Threshold quantity: .*, available: .*
            get pod filler -o jsonpath={.status.conditions[*].reason} => .*TerminationByKubelet.*
            wait --for=condition=DiskPressure node/tight --timeout=20s => .*
            wait --for=jsonpath={.spec.taints[0].key}=node.kubernetes.io/disk-pressure node/tight --timeout=20s => .*
            get node tight -o jsonpath={.spec.taints[*].effect} => NoSchedule
            get events --field-selector involvedObject.name=tight,reason=EvictionThresholdMet => .*Attempting to reclaim ephemeral-storage.*
            """,
            ("modest", Pod("modest", "sleep 1000")),
            ("filler", Pod("filler", "head -c 48M /dev/zero > /data/file; sleep 1000")));
    }

    [Test]
    public void Too_little_memory_costs_the_pod_that_took_it()
    {
        var available = AvailableMemory();
        if (available < 3 * Margin)
        {
            Assert.Ignore($"{available / Mebibyte} MiB of memory are too few to take {2 * Margin / Mebibyte} of them");
        }

        StartKubelet(_server.Path("kubelet"), $"memory.available<{(available - Margin) / Mebibyte}Mi");
        _server.Run($$"""
            apply -f {modest} => pod/modest created
            wait --for=condition=Ready pod/modest --timeout=30s => .*
            apply -f {taker} => pod/taker created
            wait --for=jsonpath={.status.phase}=Failed pod/taker --timeout=40s => .*
            get pod taker -o jsonpath={.status.reason} => Evicted
            get pod taker -o jsonpath={.status.message} => The node was low on resource: memory\. Threshold quantity: .*, available: .*Container c was using .*, request is 0, has larger consumption of memory\. ?
            wait --for=condition=MemoryPressure node/tight --timeout=20s => .*
            wait --for=jsonpath={.spec.taints[0].key}=node.kubernetes.io/memory-pressure node/tight --timeout=20s => .*
            get node tight -o jsonpath={.spec.taints[*].effect} => NoSchedule
            get pod modest -o jsonpath={.status.phase}{.status.message} => Running
            """,
            ("modest", Pod("modest", "sleep 1000")),
            ("taker", Pod("taker", $"(head -c {2 * Margin} /dev/zero; sleep 1000) | tail")));
    }

    private static string Pod(string name, string command) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec:
          nodeName: tight
          terminationGracePeriodSeconds: 1
          volumes: [{name: data, emptyDir: {} }]
          containers:
          - name: c
            image: busybox:1
            command: [sh, -c, "{{command}}"]
            volumeMounts: [{name: data, mountPath: /data}]
        """;

    /// <summary>As kubelets count it: what is not used, and what can be taken away from files.</summary>
    private static long AvailableMemory()
    {
        const string Groups = "/sys/fs/cgroup/memory/";
        var machine = Table("/proc/meminfo");
        var used = Groups + "memory.usage_in_bytes";
        return File.Exists(used)
            ? (machine["MemTotal"] * 1024) - Table(used)[""] + Table(Groups + "memory.stat")["total_inactive_file"]
            : (machine["MemFree"] + machine["Inactive(file)"]) * 1024;

        // "Name: 12 kB", "name 12", or a number alone.
        static Dictionary<string, long> Table(string path) => File.ReadLines(path)
            .Select(line => line.Split((char[])[':', ' '], StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(
                words => words.Length > 1 ? words[0] : "",
                words => long.Parse(words[Math.Min(1, words.Length - 1)], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = ChildProcess.Start(program, arguments);
        Assert.That(process.WaitForExit(_limit), Is.Zero, process.Describe);
    }

    private void StartKubelet(string folder, string threshold)
    {
        _kubelet = ChildProcess.Start(
            EtcdishServer.ExecutablePath,
            [
                "kubelet", "--kubeconfig", _server.Path("cluster/kubeconfig"), "--node-name", Node, "--runtime", "process",
                "--root-dir", folder, "--pod-log-dir", _server.Path("logs/pods"), "--port", "0", "--eviction-hard", threshold,
            ]);
        Assert.That(
            _kubelet.StandardOutput.Wait(text => text.Contains("ready: ", StringComparison.Ordinal), _limit), _kubelet.Describe);
    }
}
