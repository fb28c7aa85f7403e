using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>
/// <c>etcdish kubelet</c> as a program of its own beside <c>etcdish up</c>. It gets its kubeconfig from an administrator's, works as its
/// node's user, and serves with a certificate that the cluster gave it.
/// </summary>
[NonParallelizable]
public sealed class KubeletApartTests
{
    private const string Node = "apart";
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(40);

    private static KubernetesServer _server = null!;
#pragma warning disable NUnit1032 // It lives as long as the fixture, but for the test that replaces it.
    private static ChildProcess? _kubelet;
#pragma warning restore NUnit1032

    [OneTimeSetUp]
    public static void Start()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Tools.Missing("mounts and control groups of containers need root");
        }

        _server = new KubernetesServer(onGenuineEtcd: false, up: ["--disable-kubelet"]);
        _kubelet = StartKubelet();
        _server.Run($"wait --for=condition=Ready node/{Node} --timeout=30s => .*condition met");
    }

    [OneTimeTearDown]
    public static void Stop()
    {
        _server?.Kubectl("delete pods --all --grace-period=1 --timeout=30s");
        _kubelet?.Dispose();
        _server?.Dispose();
    }

    [Test]
    public void Logs_and_commands_reach_it() => _server.Run("""
        run web --image=busybox:1 --command -- sh -c "echo started; sleep 1000" => pod/web created
        wait --for=condition=Ready pod/web --timeout=30s => pod/web condition met
        get csr -o jsonpath={.items[*].spec.username} => .*system:node:apart.*
        get csr => .*kubernetes.io/kubelet-serving +system:node:apart +<none> +Approved,Issued.*
        logs web => started
        exec web -- echo here => here
        exec web -- cat /var/run/secrets/kubernetes.io/serviceaccount/namespace => default
        delete pod web --grace-period=1 --timeout=30s => .*
        """);

    [Test]
    public void It_reads_what_its_pods_need_and_nothing_else()
    {
        var kubeconfig = _server.Path("node.kubeconfig");
        _server.Run($$"""
            create secret generic needed --from-literal=key=word => .*
            create secret generic other --from-literal=key=word => .*
            apply -f {reader} => pod/reader created
            wait --for=condition=Ready pod/reader --timeout=30s => .*
            exec reader -- printenv KEY => word
            get secret needed --kubeconfig {{kubeconfig}} => .*needed.*
            get secret other --kubeconfig {{kubeconfig}} !=> .*no relationship found between node 'apart' and this object
            get secrets --kubeconfig {{kubeconfig}} !=> .*Forbidden.*
            label node apart node-role.kubernetes.io/control-plane= --kubeconfig {{kubeconfig}} !=> .*is not allowed to modify labels.*
            delete pod reader --grace-period=1 --timeout=30s => .*
            delete secret needed other => .*
            """, ("reader", """
            apiVersion: v1
            kind: Pod
            metadata: {name: reader}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: c
                image: busybox:1
                command: [sleep, "1000"]
                env: [{name: KEY, valueFrom: {secretKeyRef: {name: needed, key: key}}}]
            """));
    }

    [Test]
    public void Pods_outlive_it()
    {
        var marker = Sleepers.NewMarker();
        var before = _server.RunLasting("lasting", marker);
        var processes = Sleepers.Find(marker);

        // Not what it started: those are pods.
        _kubelet!.Send(Signal.Kill);
        _kubelet.WaitForExit(_limit);
        _kubelet.Dispose();
        _kubelet = StartKubelet();

        _server.Run("""
            exec lasting -- echo here => here
            wait --for=condition=Ready pod/lasting --timeout=30s => .*
            """);
        Assert.That(_server.Containers("lasting"), Is.EqualTo(before));
        Assert.That(Sleepers.Find(marker), Is.EqualTo(processes).And.Not.Empty);
        _server.Run("delete pod lasting --grace-period=1 --timeout=30s => .*");
        Assert.That(Sleepers.Find(marker), Is.Empty);
    }

    private static ChildProcess StartKubelet()
    {
        var process = ChildProcess.Start(
            EtcdishServer.ExecutablePath,
            [
                "kubelet", "--kubeconfig", _server.Path("node.kubeconfig"), "--bootstrap-kubeconfig", _server.Path("cluster/kubeconfig"),
                "--node-name", Node, "--runtime", "process", "--root-dir", _server.Path("kubelet"),
                "--pod-log-dir", _server.Path("logs/pods"), "--port", "0", "--eviction-hard", "",
            ]);
        return process.StandardOutput.Wait(text => text.Contains("ready: ", StringComparison.Ordinal), _limit)
            ? process
            : throw new InvalidOperationException($"the kubelet did not become ready: {process.Describe()}");
    }
}
