using System.Diagnostics;
using System.Text.RegularExpressions;
using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Interop;

/// <summary>
/// <c>etcdish up</c> with this machine as its node and the genuine containerd as its runtime, as a user of the unmodified kubectl sees
/// it: real pods, what may befall them, and that they outlive those who run them.
/// </summary>
[NonParallelizable]
public sealed class ContainerTests
{
    private const string Probed = """
        apiVersion: v1
        kind: Pod
        metadata: {name: probed}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox:1
            command: [sh, -c, "touch /tmp/alive; sleep 1000"]
            readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1}
            livenessProbe: {exec: {command: [test, -e, /tmp/alive]}, periodSeconds: 1, failureThreshold: 1}
        """;

    private const string Configured = """
        apiVersion: v1
        kind: Pod
        metadata: {name: configured}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox:1
            command: [sleep, "1000"]
            envFrom: [{configMapRef: {name: settings}}]
            volumeMounts: [{name: settings, mountPath: /settings}]
          volumes: [{name: settings, configMap: {name: settings}}]
        """;

    private const string Hungry = """
        apiVersion: v1
        kind: Pod
        metadata: {name: hungry}
        spec:
          restartPolicy: Never
          containers:
          - {name: c, image: "busybox:1", command: [tail, /dev/zero], resources: {limits: {memory: 16Mi}}}
        """;

    private static ContainerdServer _containerd = null!;
    private static KubernetesServer _server = null!;

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        _containerd = await ContainerdServer.StartAsync();
        _server = new KubernetesServer(
            onGenuineEtcd: false,
            up:
            [
                "--runtime", "containerd", "--container-runtime-endpoint", _containerd.Endpoint, "--node-name", "here",

                // However full the disk of the tests' machine is.
                "--eviction-hard", "memory.available<1Mi",
            ]);
        _server.Run("wait --for=condition=Ready node/here --timeout=30s => .*condition met");
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        try
        {
            // Also those of tests that failed: a volume in memory keeps its folder from being deleted.
            _server?.Kubectl("delete pods --all --grace-period=1 --timeout=30s");
        }
        finally
        {
            if (_containerd is not null)
            {
                await _containerd.DisposeAsync();
            }

            _server?.Dispose();
        }
    }

    [Test]
    public void A_pod_is_run_used_and_deleted()
    {
        _server.Run("""
            run web --image=busybox:1 --command -- sh -c "echo hello > index.html; echo started; trap exit TERM; httpd -f -p 8080 & wait" => pod/web created
            wait --for=condition=Ready pod/web --timeout=30s => pod/web condition met
            get pod web => NAME +READY +STATUS +RESTARTS +AGE\nweb +1/1 +Running +0 .*
            get node here -o jsonpath={.status.nodeInfo.containerRuntimeVersion} => containerd://.*
            logs web => started
            exec web -- wget -qO- 127.0.0.1:8080 => hello
            exec web -- sh -c "exit 3" !=> command terminated with exit code 3
            exec web -- sh -c "echo $KUBERNETES_SERVICE_HOST" => \d+.*
            exec web -- cat /var/run/secrets/kubernetes.io/serviceaccount/namespace => default
            exec web -- cat /etc/hosts => .*web.*
            cp {note} web:/tmp/note => .*
            exec web -- cat /tmp/note => taken along
            cp web:/tmp/note {.}/back => .*
            delete pod web --timeout=30s => pod "web" deleted.*
            get pod web !=> .*not found
            """, ("note", "taken along\n"));
        Assert.That(File.ReadAllText(_server.Path("back")), Is.EqualTo("taken along\n"));
    }

    [Test]
    public void Logs_are_followed_to_the_end()
    {
        _server.Run("""
            run talk --image=busybox:1 --restart=Never --command -- sh -c "until [ -e /end ]; do sleep 0.05; done; echo end" => pod/talk created
            wait --for=condition=Ready pod/talk --timeout=30s => .*
            """);
        Assert.That(_server.FollowLog("talk", "exec talk -- touch /end => "), Is.EqualTo("end\n"));
        _server.Run("""
            wait --for=jsonpath={.status.phase}=Succeeded pod/talk --timeout=30s => .*
            delete pod talk --timeout=30s => .*
            """);
    }

    [Test]
    public void Input_and_terminals_reach_a_container()
    {
        _server.Run("""
            run shell --image=busybox:1 --stdin --attach=false --command -- sh -c "while read line; do echo heard $line; done" => pod/shell created
            wait --for=condition=Ready pod/shell --timeout=30s => .*
            """);
        _server.AssertExecReads("shell -- wc -w", "one two three", "3\n");
        Assert.That(_server.ExecOnTerminal("shell -- sh -c 'tty; stty size'"), Does.Contain("/dev/pts/"));

        // Last: it is the one who has the input open, and the shell ends with it.
        _server.AssertAttaches("shell", "me", "heard me");
        _server.Run("delete pod shell --grace-period=1 --timeout=30s => .*");
    }

    [Test]
    public async Task A_port_is_forwarded()
    {
        _server.Run("""
            run port --image=busybox:1 --command -- sh -c "echo hello > index.html; exec httpd -f -p 8080" => pod/port created
            wait --for=condition=Ready pod/port --timeout=30s => .*
            exec port -- sh -c "until wget -qO- 127.0.0.1:8080; do :; done" => hello
            """);
        await _server.AssertForwardsAsync("pod/port", 8080, "hello\n");
        _server.Run("delete pod port --grace-period=1 --timeout=30s => .*");
    }

    [Test]
    public void A_pod_is_debugged() => _server.Run("""
        run sick --image=busybox:1 --command -- sleep 1000 => pod/sick created
        wait --for=condition=Ready pod/sick --timeout=30s => .*
        debug sick --image=busybox:1 --target=sick --container=doctor --profile=general -- sh -c "ps; sleep 1000" => .*
        wait --for=jsonpath={.status.ephemeralContainerStatuses[0].state.running} pod/sick --timeout=30s => .*
        logs sick -c doctor => .*sleep 1000.*
        delete pod sick --grace-period=1 --timeout=30s => .*
        """);

    [Test]
    public void Probes_fail_and_heal() => _server.Run("""
        apply -f {probed} => pod/probed created
        wait --for=jsonpath={.status.phase}=Running pod/probed --timeout=30s => .*
        get pod probed => .*probed +0/1 +Running.*
        exec probed -- touch /tmp/ready => 
        wait --for=condition=Ready pod/probed --timeout=30s => .*
        exec probed -- rm /tmp/ready => 
        wait --for=condition=Ready=false pod/probed --timeout=30s => .*
        exec probed -- rm /tmp/alive => 
        wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/probed --timeout=30s => .*
        wait --for=jsonpath={.status.containerStatuses[0].state.running} pod/probed --timeout=30s => .*
        events --for pod/probed => .*Unhealthy.*Liveness probe failed.*
        delete pod probed --timeout=30s => .*
        """, ("probed", Probed));

    [Test]
    public void What_crashes_is_started_again_and_waits_longer() => _server.Run("""
        run crash --image=busybox:1 --command -- sh -c "echo going down; exit 1" => pod/crash created
        wait --for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff pod/crash --timeout=30s => .*
        get pod crash => .*crash +0/1 +(CrashLoopBackOff|Error) .*
        logs crash --previous => going down
        wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/crash --timeout=30s => .*
        delete pod crash --timeout=30s => .*
        """);

    [Test]
    public void Who_takes_too_much_memory_is_killed() => _server.Run("""
        apply -f {hungry} => pod/hungry created
        wait --for=jsonpath={.status.phase}=Failed pod/hungry --timeout=30s => .*
        get pod hungry -o jsonpath={.status.containerStatuses[0].state.terminated.reason},{.status.containerStatuses[0].state.terminated.exitCode} => OOMKilled,137
        get pod hungry => .*hungry +0/1 +OOMKilled +0 .*
        delete pod hungry --timeout=30s => .*
        """, ("hungry", Hungry));

    [Test]
    public void A_changed_config_map_is_seen_in_the_pod() => _server.Run("""
        create configmap settings --from-literal=colour=blue => configmap/settings created
        apply -f {configured} => pod/configured created
        wait --for=condition=Ready pod/configured --timeout=30s => .*
        exec configured -- sh -c "cat /settings/colour; echo /$colour" => blue/blue
        patch configmap settings -p '{"data":{"colour":"green"}}' => configmap/settings patched
        exec configured -- sh -c "until grep -q green /settings/colour; do sleep 0.1; done; echo $colour" => blue
        delete pod configured --timeout=30s => .*
        delete configmap settings => .*
        """, ("configured", Configured));

    [Test]
    public void What_pods_use_is_told()
    {
        _server.Run("""
            run busy --image=busybox:1 --command -- sh -c "while :; do :; done" => pod/busy created
            wait --for=condition=Ready pod/busy --timeout=30s => .*
            """);
        CommandResult top;
        var waited = Stopwatch.StartNew();
        do
        {
            top = _server.Kubectl("top pod busy");
        }
        while (top.ExitCode != 0 && waited.Elapsed < TimeSpan.FromSeconds(30) && Regex.IsMatch(top.StandardError, "not (yet )?available|not found"));

        Assert.That(top.StandardOutput, Does.Match(@"busy +\d+m +\d+Mi"), top.ToString());
        _server.Run("""
            top node => .*here +\d+m .*
            delete pod busy --grace-period=1 --timeout=30s => .*
            """);
    }

    [Test]
    public void The_node_is_drained_and_taken_back() => _server.Run("""
        create deployment drained --image=busybox:1 --replicas=2 -- sh -c "trap exit TERM; sleep 1000 & wait" => .*created
        rollout status deployment/drained --timeout=30s => .*successfully rolled out
        drain here --pod-selector=app=drained --grace-period=1 --timeout=35s => .*node/here drained
        get pods -l app=drained --field-selector spec.nodeName=here => No resources found.*
        uncordon here => node/here uncordoned
        rollout status deployment/drained --timeout=30s => .*successfully rolled out
        delete deployment drained --timeout=30s => .*
        wait --for=delete pod -l app=drained --timeout=39s => .*
        """);

    [Test]
    public async Task Pods_outlive_containerd()
    {
        var before = _server.RunLasting("outlive");

        _containerd.Kill();
        await _containerd.RunAsync();

        _server.Run("""
            exec outlive -- echo here => here
            wait --for=condition=Ready node/here --timeout=30s => .*
            """);
        Assert.That(_server.Containers("outlive"), Is.EqualTo(before));
        _server.Run("delete pod outlive --grace-period=1 --timeout=30s => .*");
    }

    [Test]
    public void Pods_outlive_the_cluster()
    {
        var before = _server.RunLasting("lasting");

        _server.KillAndRestart();

        _server.Run("""
            wait --for=condition=Ready node/here --timeout=30s => .*
            wait --for=condition=Ready pod/lasting --timeout=30s => .*
            exec lasting -- echo here => here
            """);
        Assert.That(_server.Containers("lasting"), Is.EqualTo(before));
        _server.Run("delete pod lasting --grace-period=1 --timeout=30s => .*");
    }
}
