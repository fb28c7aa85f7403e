namespace Etcdish.Interop;

/// <summary>
/// Services, names and policies of <c>etcdish up</c>, as pods, which are genuine containers or processes, and clients outside of the cluster
/// find them.
/// </summary>
[TestFixture(NetworkedCluster.Containers)]
[TestFixture(NetworkedCluster.Processes)]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[NonParallelizable]
public sealed class ServiceTests(string runtime)
{
    private const string Web = """
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
              containers:
              - name: c
                image: busybox:1
                command: [sh, -c, "hostname > index.html; exec busybox httpd -f -p 8080"]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          type: LoadBalancer
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: 8080, nodePort: 30080}]
        """;

    private const string Ingress = """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec:
          tls: [{hosts: [secure.example], secretName: web-tls}]
          rules:
          - host: plain.example
            http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}
          - host: secure.example
            http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
        """;

    // It listens for itself only at 8081: a forwarded port begins where the pod is.
    private const string Published = """
        apiVersion: v1
        kind: Pod
        metadata: {name: published}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: c
            image: busybox:1
            command: [sh, -c, "echo published > index.html; busybox httpd -p 127.0.0.1:8081; exec busybox httpd -f -p 8080"]
            ports: [{containerPort: 8080, hostPort: 8088}]
            readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
        """;

    private NetworkedCluster _cluster = null!;

    private KubernetesServer Server => _cluster.Server;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _cluster = await NetworkedCluster.StartAsync(runtime);
        Server.Run("""
            apply -f {web.yaml} => .*
            run client --image=busybox:1 --command -- sleep 1000 => pod/client created
            rollout status deployment web --timeout=60s => .*successfully rolled out
            wait --for=condition=Ready pod/client --timeout=60s => .*
            """, ("web.yaml", Web));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    [Test]
    public void Pods_find_a_service_by_its_name() => Server.Run("""
        exec client -- getent hosts web => 10\.96\.\S+ +web\.default\.svc\.cluster\.local
        exec client -- getent hosts web.default => 10\.96\.\S+ +web\.default\.svc\.cluster\.local
        exec client -- getent hosts kubernetes => 10\.96\.0\.1 +kubernetes\.default\.svc\.cluster\.local
        exec client -- getent hosts no-such !=> .*exit code 2
        exec client -- busybox nslookup web.default.svc.cluster.local => .*Address: 10\.96\..*
        exec client -- sh -c "timeout 5 busybox wget -qO- $(getent hosts web | cut -d ' ' -f 1)" => web-.*
        exec client -- sh -c "timeout 5 busybox wget -qO- $WEB_SERVICE_HOST:$WEB_SERVICE_PORT" => web-.*
        """);

    [Test]
    public async Task Clients_outside_find_a_service_at_the_node_and_at_its_balancer()
    {
        Server.Run("""
            get service web -o jsonpath={.status.loadBalancer.ingress[0].ip} => 10\.98\.0\.\d+
            exec client -- sh -c "timeout 5 busybox wget -qO- $(getent hosts web | cut -d ' ' -f 1)" => web-.*
            """);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var answers = new HashSet<string>();
        while (answers.Count < 2)
        {
            answers.Add(await http.GetStringAsync($"http://{_cluster.Address}:30080/"));
            http.DefaultRequestHeaders.ConnectionClose = true;
        }
    }

    [Test]
    public async Task Requests_come_in_by_host_name_and_with_tls()
    {
        using var certificate = _cluster.WriteCertificate("secure.example");
        Server.Run(
            """
            create secret tls web-tls --cert={.}/secure.example.pem --key={.}/secure.example.key => .*created
            apply -f {ingress.yaml} => .*created
            wait --for=jsonpath={.status.loadBalancer.ingress[0].ip} ingress/web --timeout=30s => .*condition met
            get ingress web => .*etcdish.*plain.example,secure.example.*80, 443.*
            """,
            ("ingress.yaml", Ingress));
        using var http = _cluster.Visitor(certificate);
        using var redirected = await http.GetAsync("http://secure.example/");
        using var unknown = await http.GetAsync("http://other.example/");

        Assert.That(await http.GetStringAsync("http://plain.example/"), Does.StartWith("web-"));
        Assert.That(await http.GetStringAsync("https://secure.example/"), Does.StartWith("web-"));
        Assert.That((int)redirected.StatusCode, Is.EqualTo(308));
        Assert.That((int)unknown.StatusCode, Is.EqualTo(404));
    }

    [Test]
    public void Pods_reach_the_api_and_services_without_pods_refuse() => Server.Run("""
        exec client -- sh -c "busybox nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT < /dev/null" => 
        exec client -- sh -c "busybox nc -w 5 $KUBERNETES_SERVICE_HOST 444 < /dev/null" !=> .*refused.*
        create service clusterip empty --tcp=80 => .*created
        exec client -- sh -c "timeout 5 busybox wget -qO- $(getent hosts empty | cut -d ' ' -f 1)" !=> .*refused.*
        """);

    [Test]
    public async Task Ports_of_a_pod_are_reached_from_the_node_and_by_forwarding()
    {
        Server.Run("""
            apply -f {published.yaml} => pod/published created
            wait --for=condition=Ready pod/published --timeout=60s => .*
            """, ("published.yaml", Published));
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var neighbour = _cluster.Neighbour();

        Assert.That(await http.GetStringAsync($"http://{_cluster.Address}:8088/"), Is.EqualTo("published\n"));
        await Server.AssertForwardsAsync("pod/published", 8081, "published\n", neighbour);
    }

    [Test]
    public void Pods_keep_their_addresses_when_the_cluster_is_killed()
    {
        const string Address = "get pod steady -o jsonpath={.status.podIP}";
        Server.RunLasting("steady");
        var (before, containers) = (Server.Kubectl(Address).StandardOutput, Server.Containers("steady"));
        Server.KillAndRestart();
        Server.Run("""
            wait --for=condition=Ready node/here --timeout=30s => .*
            wait --for=condition=Ready pod/steady --timeout=30s => .*
            exec steady -- sh -c "timeout 5 busybox wget -qO- $WEB_SERVICE_HOST:$WEB_SERVICE_PORT" => web-.*
            """);

        Assert.That(before, Does.StartWith("10.244."));
        Assert.That((Server.Kubectl(Address).StandardOutput, Server.Containers("steady")), Is.EqualTo((before, containers)));
    }

    [Test]
    public void Policies_let_in_who_may_come() => Server.Run("""
        run guest --image=busybox:1 --labels=may=come --command -- sleep 1000 => pod/guest created
        wait --for=condition=Ready pod/guest --timeout=60s => .*
        run guarded --image=busybox:1 --labels=app=guarded --command -- busybox httpd -f -p 8080 => pod/guarded created
        expose pod guarded --port=8080 => .*exposed
        wait --for=condition=Ready pod/guarded --timeout=60s => .*
        exec client -- sh -c "timeout 5 busybox wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080" !=> .*404 Not Found.*
        apply -f {policy.yaml} => .*created
        exec guest -- sh -c "timeout 5 busybox wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080" !=> .*404 Not Found.*
        exec client -- sh -c "for i in $(seq 20); do timeout 1 busybox wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080 2>&1 | grep -q 404 || exit 7; done" !=> .*exit code 7
        exec guest -- sh -c "timeout 5 busybox wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080" !=> .*404 Not Found.*
        """, ("policy.yaml", """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: guard}
        spec:
          podSelector: {matchLabels: {app: guarded}}
          ingress: [{from: [{podSelector: {matchLabels: {may: come}}}]}]
        """));
}
