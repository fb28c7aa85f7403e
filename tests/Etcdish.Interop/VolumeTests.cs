using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Interop;

/// <summary>
/// Volumes as containers and a user of the unmodified kubectl see them, in <c>etcdish up</c> with this machine as its node: in the built-in
/// runtime, and in the genuine containerd.
/// </summary>
/// <param name="runtime">Which.</param>
[TestFixture("process")]
[TestFixture("containerd")]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[NonParallelizable]
public sealed class VolumeTests(string runtime)
{
    private const string Shown = """
        apiVersion: v1
        kind: Pod
        metadata: {name: shown, labels: {tier: front}}
        spec:
          terminationGracePeriodSeconds: 1
          securityContext: {fsGroup: 2000}
          containers:
          - name: c
            image: busybox:1
            command: [sleep, "1000"]
            volumeMounts:
            - {name: m, mountPath: /v/m}
            - {name: s, mountPath: /v/s}
            - {name: d, mountPath: /v/d}
            - {name: e, mountPath: /v/e}
            - {name: e, mountPath: /v/part, subPath: a/b}
            - {name: t, mountPath: /v/t}
          volumes:
          - {name: m, configMap: {name: m}}
          - {name: s, secret: {secretName: s, defaultMode: 0400}}
          - {name: d, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
          - {name: e, emptyDir: {}}
          - {name: t, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
        """;

    private const string Kept = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: c
                image: busybox:1
                command: [sleep, "1000"]
                volumeMounts: [{name: data, mountPath: /data}]
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
        """;

    private const string Waiting = """
        apiVersion: v1
        kind: Pod
        metadata: {name: waiting}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: c, image: "busybox:1", command: [sleep, "1000"], volumeMounts: [{name: m, mountPath: /v/m}]}
          volumes: [{name: m, configMap: {name: late}}]
        """;

    private ContainerdServer? _containerd;
    private KubernetesServer _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Tools.Missing("only root may mount");
        }

        string[] socket = [];
        if (runtime == "containerd")
        {
            _containerd = await ContainerdServer.StartAsync();
            socket = ["--container-runtime-endpoint", _containerd.Endpoint];
        }

        _server = new KubernetesServer(
            onGenuineEtcd: false, up: ["--runtime", runtime, .. socket, "--node-name", "here", "--eviction-hard", ""]);
        _server.Run("wait --for=condition=Ready node/here --timeout=30s => .*condition met");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _server?.Kubectl("delete pods --all --now --timeout=30s");
        _server?.Dispose();
        if (_containerd is not null)
        {
            await _containerd.DisposeAsync();
        }
    }

    [Test]
    public void Objects_are_shown_and_their_changes_too() => _server.Run(
        """
        create configmap m --from-literal=a=1 => .*created
        create secret generic s --from-literal=p=q => .*created
        apply -f {shown} => pod/shown created
        wait --for=condition=Ready pod/shown --timeout=30s => .*condition met
        exec shown -- cat /v/m/a => 1
        exec shown -- cat /v/s/p => q
        exec shown -- cat /v/d/labels => tier="front"
        exec shown -- stat -L -c "%a %g" /v/s/p => 440 2000
        exec shown -- stat -c "%a %g" /v/e => 2777 2000
        exec shown -- sh -c "echo x > /v/part/f && cat /v/e/a/b/f" => x
        exec shown -- sh -c "dd if=/dev/zero of=/v/t/f bs=1M count=2" !=> .*No space left on device.*
        exec shown -- sh -c "echo no > /v/m/a" !=> .*Read-only file system.*
        patch configmap m --type=merge -p '{"data":{"a":"2"}}' => .*patched
        exec shown -- sh -c "until grep -q 2 /v/m/a; do sleep 0.05; done" => 
        patch secret s --type=merge -p '{"data":{"p":"bmV3"}}' => .*patched
        exec shown -- sh -c "until grep -q new /v/s/p; do sleep 0.05; done" => 
        label pod shown tier=back --overwrite => .*labeled
        exec shown -- sh -c "until grep -q back /v/d/labels; do sleep 0.05; done" => 
        delete pod shown --timeout=30s => .*deleted.*
        """,
        ("shown", Shown));

    [Test]
    public void What_a_stateful_set_wrote_outlives_its_pod() => _server.Run(
        """
        apply -f {kept} => .*created
        rollout status statefulset/db --timeout=40s => .*
        exec db-0 -- sh -c "echo kept > /data/f" => 
        delete pod db-0 --timeout=30s => .*deleted.*
        rollout status statefulset/db --timeout=40s => .*
        wait --for=condition=Ready pod/db-0 --timeout=30s => .*condition met
        exec db-0 -- cat /data/f => kept
        delete statefulset db --timeout=30s => .*deleted.*
        wait --for=delete pod/db-0 --timeout=30s => .*
        delete pvc data-db-0 --timeout=30s => .*deleted.*
        """,
        ("kept", Kept));

    [Test]
    public void A_pod_waits_for_what_it_shows_and_says_so()
    {
        _server.Run("apply -f {waiting} => pod/waiting created", ("waiting", Waiting));
        CommandResult events;
        do
        {
            events = _server.Kubectl("events --for pod/waiting");
        }
        while (!events.StandardOutput.Contains("FailedMount", StringComparison.Ordinal));
        Assert.That(
            events.StandardOutput, Does.Contain("MountVolume.SetUp failed for volume \"m\" : configmap \"late\" not found"));
        _server.Run("""
            create configmap late --from-literal=a=1 => .*created
            wait --for=condition=Ready pod/waiting --timeout=30s => .*condition met
            delete pod waiting --timeout=30s => .*deleted.*
            """);
    }
}
