using System.Text.RegularExpressions;

namespace Etcdish.Interop;

/// <summary>
/// A cluster of two whole machines, as pods on both and a client outside find it: on one link, where routes lead to the other's pods, and
/// with a router between, where a tunnel does.
/// </summary>
[NonParallelizable]
public sealed class SeveralNodesTests
{
    private const string Services = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: who}
        data:
          who: |
            #!/bin/sh
            echo
            echo $HOSTNAME saw ${REMOTE_ADDR##*:} | tr -d ]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: at-one}
        spec: {selector: {app: at-one}, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: at-two}
        spec: {type: LoadBalancer, selector: {app: at-two}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: local}
        spec:
          type: LoadBalancer
          externalTrafficPolicy: Local
          selector: {app: at-two}
          ports: [{port: 80, targetPort: 8080, nodePort: 30081}]
        """;

    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: at-NODE, labels: {app: at-NODE}}
        spec:
          nodeName: NODE
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox:1
            command: [sh, -c, "echo started; cd /www; dd if=/dev/zero of=big bs=1024 count=1000 2> /dev/null; exec httpd -f -p 8080"]
            readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            volumeMounts: [{name: www, mountPath: /www}, {name: who, mountPath: /www/cgi-bin}]
          volumes: [{name: www, emptyDir: {}}, {name: who, configMap: {name: who, defaultMode: 0755}}]
        """;

    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{name: c, image: "busybox:1", command: [sleep, "1000"]}]
        """;

    private const string Policy = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: guard}
        spec:
          podSelector: {matchLabels: {app: at-two}}
          ingress: [{from: [{podSelector: {matchLabels: {app: at-one}}}]}]
        """;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Two_machines_on_one_link_are_one_cluster()
    {
        await using var cluster = await TwoNodes.StartAsync(isRouted: false);
        AssertPodsMeet(cluster);
        AssertClientsOutsideAreServed(cluster);
        AssertPolicyHolds(cluster);
        AssertKubectlReaches(cluster);
        AssertDrains(cluster);
        AssertComesBack(cluster);
        Assert.That(cluster.Links.RunAt(0, "ip route").StandardOutput, Does.Contain("via 172.30.0.2 dev eth0 proto 173"));
    }

    [Test]
    public async Task Two_machines_with_a_router_between_are_one_cluster()
    {
        await using var cluster = await TwoNodes.StartAsync(isRouted: true);
        AssertPodsMeet(cluster);
        AssertClientsOutsideAreServed(cluster);
        AssertPolicyHolds(cluster);
        AssertComesBack(cluster);
        Assert.That(cluster.Links.RunAt(0, "ip route").StandardOutput, Does.Contain("dev etcdish-vx proto 173"));
        cluster.Server.Run("""
            exec at-one -- cat /sys/class/net/eth0/mtu => 1450
            exec at-two -- cat /sys/class/net/eth0/mtu => 1450
            """);
    }

    private static void AssertPodsMeet(TwoNodes cluster)
    {
        cluster.Server.Run("""
            apply -f {services.yaml} => .*
            apply -f {one.yaml} => .*created
            apply -f {two.yaml} => .*created
            run guest --image=busybox:1 --overrides='{"spec":{"nodeName":"one"}}' --command -- sleep 1000 => pod/guest created
            wait --for=condition=Ready pod/at-one pod/at-two pod/guest --timeout=60s => .*
            """, ("services.yaml", Services), ("one.yaml", PodAt("one")), ("two.yaml", PodAt("two")));
        var (one, two) = (AddressOf(cluster, "at-one"), AddressOf(cluster, "at-two"));
        Assert.That(one[..^2], Is.Not.EqualTo(two[..^2]), "ranges of their own");

        // Every pod as itself, by its address, its service, and its service's name.
        cluster.Server.Run($"""
            exec at-one -- timeout 5 wget -qO- {two}:8080/cgi-bin/who => at-two saw {one}
            exec at-two -- timeout 5 wget -qO- {one}:8080/cgi-bin/who => at-one saw {two}
            exec at-one -- sh -c "timeout 5 wget -qO- $(getent hosts at-two | cut -d ' ' -f 1)/cgi-bin/who" => at-two saw {one}
            exec at-two -- sh -c "timeout 5 wget -qO- $(getent hosts at-one | cut -d ' ' -f 1)/cgi-bin/who" => at-one saw {two}
            exec at-two -- sh -c "timeout 5 wget -qO- $(getent hosts at-two.default | cut -d ' ' -f 1)/cgi-bin/who" => at-two saw .*
            exec at-one -- sh -c "timeout 9 wget -qO- {two}:8080/big | wc -c" => 1024000
            exec at-two -- sh -c "timeout 9 wget -qO- {one}:8080/big | wc -c" => 1024000
            exec at-two -- sh -c "nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT < /dev/null" => 
            get endpointslices -n kube-system -l kubernetes.io/service-name=kube-dns -o jsonpath={"{.items[*].endpoints[*].nodeName}"} => one two
            """);
    }

    private static void AssertClientsOutsideAreServed(TwoNodes cluster)
    {
        foreach (var node in cluster.Links.Nodes)
        {
            Assert.That(cluster.Ask($"http://{node}:30080/cgi-bin/who"), Does.StartWith("at-two saw "), "a port of the node, the pod wherever");
        }

        // On one link whoever has the address is found by ARP, by policy Local the node with the pod; a router must know a node.
        var way = cluster.Links.IsRouted ? $"via {cluster.Links.Nodes[1]}" : "dev lan";
        Assert.That(cluster.Links.RunOutside($"ip route add 10.98.0.0/24 {way}").ExitCode, Is.Zero);
        Assert.That(cluster.Ask($"http://{BalancerOf(cluster, "at-two")}/cgi-bin/who"), Does.StartWith("at-two saw "));
        Assert.That(
            cluster.Ask($"http://{BalancerOf(cluster, "local")}/cgi-bin/who"), Is.EqualTo($"at-two saw {cluster.Links.OutsideOf(1)}"));

        // Only the node with the pod answers, and the pod sees who asks.
        Assert.That(
            cluster.Ask($"http://{cluster.Links.Nodes[1]}:30081/cgi-bin/who"), Is.EqualTo($"at-two saw {cluster.Links.OutsideOf(1)}"));
        Assert.That(cluster.Ask($"http://{cluster.Links.Nodes[0]}:30081/cgi-bin/who", seconds: 1), Does.StartWith("nothing"));
    }

    private static void AssertPolicyHolds(TwoNodes cluster)
    {
        var (one, two) = (AddressOf(cluster, "at-one"), AddressOf(cluster, "at-two"));
        cluster.Server.Run($"""
            exec guest -- timeout 5 wget -qO- {two}:8080/cgi-bin/who => at-two saw .*
            apply -f {"{policy.yaml}"} => .*created
            exec guest -- sh -c "for i in $(seq 20); do timeout 1 wget -qO- {two}:8080/cgi-bin/who || exit 7; done" !=> .*exit code 7
            exec at-one -- timeout 5 wget -qO- {two}:8080/cgi-bin/who => at-two saw {one}
            delete networkpolicy guard => .*deleted.*
            exec guest -- sh -c "for i in $(seq 20); do timeout 1 wget -qO- {two}:8080/cgi-bin/who && exit 0; done; exit 1" => .*at-two saw .*
            """, ("policy.yaml", Policy));
    }

    private static void AssertKubectlReaches(TwoNodes cluster)
    {
        cluster.Server.Run("""
            logs at-two => started
            exec at-two -- hostname => at-two
            get csr => .*kubernetes.io/kubelet-serving +system:node:two +<none> +Approved,Issued.*
            """);
        using var forward = cluster.Server.Start("port-forward pod/at-two :8080");
        var isListening = forward.StandardOutput.Wait(text => Regex.IsMatch(text, @"Forwarding from 127\.0\.0\.1:\d+ .*\n"), _patience);
        Assert.That(isListening, Is.True, forward.Describe);
        var port = Regex.Match(forward.StandardOutput.Text, @"127\.0\.0\.1:(\d+)").Groups[1].Value;
        var answer = cluster.Links.RunAt(0, $"timeout 5 busybox wget -qO- http://127.0.0.1:{port}/cgi-bin/who");
        Assert.That(answer.StandardOutput.Trim(), Is.EqualTo("at-two saw 127.0.0.1"), () => $"{answer}\n{forward.Describe()}");
    }

    private static void AssertDrains(TwoNodes cluster) => cluster.Server.Run("""
        cordon two => .*
        apply -f {web.yaml} => .*
        rollout status deployment web --timeout=30s => .*successfully rolled out
        get pods -l app=web -o jsonpath={.items[*].spec.nodeName} => one one
        uncordon two => .*
        drain one --pod-selector=app=web --timeout=30s => .*drained
        rollout status deployment web --timeout=30s => .*successfully rolled out
        get pods -l app=web --field-selector=status.phase=Running -o jsonpath={.items[*].spec.nodeName} => two two
        uncordon one => .*
        """, ("web.yaml", Deployment));

    /// <summary>The second machine's program is killed, and what the kernel knew is lost; then it starts again, without the invitation.</summary>
    private static void AssertComesBack(TwoNodes cluster)
    {
        var (one, two) = (AddressOf(cluster, "at-one"), AddressOf(cluster, "at-two"));
        var before = cluster.Server.Containers("at-two");
        cluster.KillSecond();
        cluster.Server.Run($"exec at-one -- timeout 5 wget -qO- {two}:8080/cgi-bin/who => at-two saw {one}");

        Assert.That(cluster.Links.RunAt(1, "nft flush ruleset").ExitCode, Is.Zero);
        Assert.That(cluster.Links.RunAt(1, "ip route flush proto 173").ExitCode, Is.Zero);
        cluster.Links.RunAt(1, "ip link del etcdish-vx");
        cluster.StartSecond("/no/such/file");
        cluster.Server.Run($"""
            exec at-one -- sh -c "for i in $(seq 20); do timeout 1 wget -qO- {two}:8080/cgi-bin/who && exit 0; done; exit 1" => at-two saw {one}
            exec at-two -- sh -c "for i in $(seq 20); do a=$(getent hosts at-one | cut -d ' ' -f 1); timeout 1 wget -qO- $a/cgi-bin/who && exit 0; done; exit 1" => at-one saw {two}
            """);
        Assert.That(cluster.Server.Containers("at-two"), Is.EqualTo(before), "nothing was started again");
    }

    private static string PodAt(string node) => Pod.Replace("NODE", node, StringComparison.Ordinal);

    private static string AddressOf(TwoNodes cluster, string pod) =>
        cluster.Server.Kubectl($"get pod {pod} -o jsonpath={{.status.podIP}}").StandardOutput;

    private static string BalancerOf(TwoNodes cluster, string service) =>
        cluster.Server.Kubectl($"get service {service} -o jsonpath={{.status.loadBalancer.ingress[0].ip}}").StandardOutput;
}
