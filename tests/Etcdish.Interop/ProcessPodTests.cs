using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>
/// <c>etcdish up</c> with this machine as its node and no container runtime installed: pods as processes of the node, as a user of the
/// unmodified kubectl sees them.
/// </summary>
[NonParallelizable]
public sealed class ProcessPodTests
{
    private const string Readied = """
        apiVersion: v1
        kind: Pod
        metadata: {name: readied}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox:1
            command: [sleep, "1000"]
            readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1}
        """;

    private static KubernetesServer _server = null!;

    /// <summary>Answers requests; perl, for each Debian has it.</summary>
    private static string Answering(int port) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: port}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox:1
            command: [perl, -MIO::Socket::INET, -e]
            args:
            - |
              $SIG{PIPE} = "IGNORE";
              my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:{{port}}", ReuseAddr => 1) or die;
              while (my $client = $server->accept) {
                while (<$client>) { last if /^\r?$/ }
                print $client "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";
                close $client;
              }
            readinessProbe: {tcpSocket: {host: 127.0.0.1, port: {{port}}}, periodSeconds: 1}
        """;

    [OneTimeSetUp]
    public static void Start()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Tools.Missing("mounts and control groups of containers need root");
        }

        _server = new KubernetesServer(
            onGenuineEtcd: false, up: ["--runtime", "process", "--node-name", "here", "--eviction-hard", ""]);
        _server.Run("wait --for=condition=Ready node/here --timeout=30s => .*condition met");
    }

    [OneTimeTearDown]
    public static void Stop()
    {
        _server?.Kubectl("delete deployments,jobs,pods --all --grace-period=1 --timeout=30s");
        _server?.Dispose();
    }

    [Test]
    public void A_pod_is_run_used_and_deleted()
    {
        var marker = Sleepers.NewMarker();
        _server.Run($$"""
            run web --image=busybox:1 --command -- sh -c "echo started; sleep {{marker}}" => pod/web created
            wait --for=condition=Ready pod/web --timeout=30s => pod/web condition met
            get pod web => NAME +READY +STATUS +RESTARTS +AGE\nweb +1/1 +Running +0 .*
            get node here -o jsonpath={.status.nodeInfo.containerRuntimeVersion} => process://.*
            logs web => started
            exec web -- sh -c "exit 3" !=> command terminated with exit code 3
            exec web -- hostname => web
            exec web -- printenv KUBERNETES_SERVICE_HOST => \d+.*
            exec web -- cat /var/run/secrets/kubernetes.io/serviceaccount/namespace => default
            cp {note} web:/tmp/note => .*
            exec web -- cat /tmp/note => taken along
            cp web:/tmp/note {.}/back => .*
            """, ("note", "taken along\n"));
        Assert.That(File.ReadAllText(_server.Path("back")), Is.EqualTo("taken along\n"));
        Assert.That(Sleepers.Find(marker), Is.Not.Empty);

        _server.Run("""
            delete pod web --grace-period=1 --timeout=30s => pod "web" deleted.*
            get pod web !=> .*not found
            """);
        Assert.That(Sleepers.Find(marker), Is.Empty);
    }

    [Test]
    public void Logs_are_followed_to_the_end()
    {
        _server.Run("""
            run talk --image=busybox:1 --restart=Never --command -- sh -c "until [ -e /tmp/end ]; do sleep 0.05; done; echo end" => .*
            wait --for=condition=Ready pod/talk --timeout=30s => .*
            """);
        Assert.That(_server.FollowLog("talk", "exec talk -- touch /tmp/end => "), Is.EqualTo("end\n"));
        _server.Run("""
            wait --for=jsonpath={.status.phase}=Succeeded pod/talk --timeout=30s => .*
            delete pod talk --timeout=30s => .*
            """);
    }

    [Test]
    public void Input_and_terminals_reach_a_container()
    {
        _server.Run("""
            run shell --image=busybox:1 --stdin --leave-stdin-open --attach=false --command -- sh -c "while read line; do echo heard $line; done" => .*
            wait --for=condition=Ready pod/shell --timeout=30s => .*
            """);
        _server.AssertExecReads("shell -- wc -w", "one two three", "3\n");
        _server.AssertAttaches("shell", "me", "heard me");
        _server.AssertAttaches("shell", "me too", "heard me too");
        Assert.That(_server.ExecOnTerminal("shell -- sh -c 'tty; stty size'"), Does.Contain("/dev/pts/"));
        _server.Run("""
            logs shell => heard me\nheard me too
            delete pod shell --grace-period=1 --timeout=30s => .*
            """);
    }

    [Test]
    public async Task A_port_is_forwarded()
    {
        var port = FreePorts.Take();
        _server.Run("""
            apply -f {port} => pod/port created
            wait --for=condition=Ready pod/port --timeout=30s => .*
            """, ("port", Answering(port)));
        await _server.AssertForwardsAsync("pod/port", port, "hello\n");
        _server.Run("delete pod port --grace-period=1 --timeout=30s => .*");
    }

    [Test]
    public void A_deployment_is_scaled_and_rolled()
    {
        var marker = Sleepers.NewMarker();
        _server.Run($$"""
            create deployment many --image=busybox:1 --replicas=3 -- sleep {{marker}} => .*created
            rollout status deployment/many --timeout=30s => .*successfully rolled out
            """);
        var first = Sleepers.Find(marker);
        Assert.That(first, Has.Count.EqualTo(3));

        _server.Run("""
            patch deployment many -p '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}' => .*patched
            rollout status deployment/many --timeout=39s => .*successfully rolled out
            scale deployment many --replicas=1 => .*scaled
            wait --for=jsonpath={.status.replicas}=1 deployment/many --timeout=30s => .*
            delete deployment many --timeout=30s => .*
            wait --for=delete pod -l app=many --timeout=39s => .*
            """);
        Assert.That(Sleepers.Find(marker), Is.Empty);
    }

    [Test]
    public void A_job_runs_to_its_completion() => _server.Run("""
        create job once --image=busybox:1 -- sh -c "echo counted" => job.batch/once created
        wait --for=condition=Complete job/once --timeout=30s => .*
        logs job/once => counted
        delete job once --timeout=30s => .*
        """);

    [Test]
    public void What_crashes_is_started_again_and_waits_longer() => _server.Run("""
        run crash --image=busybox:1 --command -- sh -c "echo going down; exit 1" => pod/crash created
        wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/crash --timeout=30s => .*
        logs crash --previous => going down
        wait --for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff pod/crash --timeout=30s => .*
        delete pod crash --timeout=30s => .*
        """);

    [Test]
    public void A_readiness_probe_fails_and_heals() => _server.Run("""
        apply -f {readied} => pod/readied created
        wait --for=jsonpath={.status.phase}=Running pod/readied --timeout=30s => .*
        get pod readied => .*readied +0/1 +Running.*
        exec readied -- touch /tmp/ready => 
        wait --for=condition=Ready pod/readied --timeout=30s => .*
        exec readied -- rm /tmp/ready => 
        wait --for=condition=Ready=false pod/readied --timeout=30s => .*
        events --for pod/readied => .*Unhealthy.*Readiness probe failed.*
        delete pod readied --timeout=30s => .*
        """, ("readied", Readied));

    [Test]
    public void Pods_outlive_the_cluster()
    {
        var marker = Sleepers.NewMarker();
        var before = _server.RunLasting("lasting", marker);
        var processes = Sleepers.Find(marker);

        _server.KillAndRestart();

        _server.Run("""
            wait --for=condition=Ready node/here --timeout=30s => .*
            wait --for=condition=Ready pod/lasting --timeout=30s => .*
            exec lasting -- echo here => here
            """);
        Assert.That(_server.Containers("lasting"), Is.EqualTo(before));
        Assert.That(Sleepers.Find(marker), Is.EqualTo(processes).And.Not.Empty);
        _server.Run("delete pod lasting --grace-period=1 --timeout=30s => .*");
        Assert.That(Sleepers.Find(marker), Is.Empty);
    }
}
