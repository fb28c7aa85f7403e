using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Interop;

/// <summary>
/// Services, names and policies of <c>etcdish up</c>, as pods in genuine containers and clients outside of the cluster find them. The
/// cluster has a network namespace of its own; the tests' process is the world outside.
/// </summary>
[NonParallelizable]
public sealed class ServiceTests
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
                command: [sh, -c, "hostname > index.html; exec httpd -f -p 8080"]
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

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static NamespaceNetwork _network = null!;
    private static ContainerdServer _containerd = null!;
    private static KubernetesServer _server = null!;

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        Tools.Require("nft", "apt-get install nftables");
        _network = NamespaceNetwork.Create(1);
        var launcher = _network.NetworkLauncherOf(0);

        // As on a machine with a network: addresses that nobody has are refused by the node, not unknown to it.
        using (var route = ChildProcess.Start(launcher[0], [.. launcher.Skip(1), "ip", "route", "add", "default", "via", _network.Outside]))
        {
            Assert.That(route.WaitForExit(_patience), Is.Zero, route.Describe);
        }

        _containerd = await ContainerdServer.StartAsync(launcher);
        _server = new KubernetesServer(
            onGenuineEtcd: false,
            up:
            [
                "--runtime", "containerd", "--container-runtime-endpoint", _containerd.Endpoint, "--node-name", "here",
                "--node-ip", _network.AddressOf(0), "--cni-conf-dir", _containerd.NetworkFolder, "--cni-bin-dir", ContainerdServer.PluginPath,
                "--eviction-hard", "memory.available<1Mi",
            ],
            launcher: launcher);
        _server.Run("""
            wait --for=condition=Ready node/here --timeout=30s => .*condition met
            apply -f {web.yaml} => .*
            run client --image=busybox:1 --command -- sleep 1000 => pod/client created
            rollout status deployment web --timeout=60s => .*successfully rolled out
            wait --for=condition=Ready pod/client --timeout=60s => .*
            """, ("web.yaml", Web));
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        try
        {
            _server?.Kubectl("delete deployments,pods --all --grace-period=1 --timeout=30s");
        }
        finally
        {
            if (_containerd is not null)
            {
                await _containerd.DisposeAsync();
            }

            _server?.Dispose();
            _network?.Dispose();
        }
    }

    [Test]
    public void Pods_find_a_service_by_its_name() => _server.Run("""
        exec client -- getent hosts web => 10\.96\.\S+ +web\.default\.svc\.cluster\.local
        exec client -- getent hosts web.default => 10\.96\.\S+ +web\.default\.svc\.cluster\.local
        exec client -- getent hosts kubernetes => 10\.96\.0\.1 +kubernetes\.default\.svc\.cluster\.local
        exec client -- getent hosts no-such !=> .*exit code 2
        exec client -- nslookup web.default.svc.cluster.local => .*Address: 10\.96\..*
        exec client -- sh -c "timeout 5 wget -qO- $(getent hosts web | cut -d ' ' -f 1)" => web-.*
        exec client -- sh -c "timeout 5 wget -qO- $WEB_SERVICE_HOST:$WEB_SERVICE_PORT" => web-.*
        """);

    [Test]
    public async Task Clients_outside_find_a_service_at_the_node_and_at_its_balancer()
    {
        _server.Run("""
            get service web -o jsonpath={.status.loadBalancer.ingress[0].ip} => 10\.98\.0\.\d+
            exec client -- sh -c "timeout 5 wget -qO- $(getent hosts web | cut -d ' ' -f 1)" => web-.*
            """);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var answers = new HashSet<string>();
        while (answers.Count < 2)
        {
            answers.Add(await http.GetStringAsync($"http://{_network.AddressOf(0)}:30080/"));
            http.DefaultRequestHeaders.ConnectionClose = true;
        }
    }

    [Test]
    public async Task Requests_come_in_by_host_name_and_with_tls()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("secure.example");
        var request = new CertificateRequest("CN=secure.example", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _server.Run(
            """
            create secret tls web-tls --cert={cert.pem} --key={key.pem} => .*created
            apply -f {ingress.yaml} => .*created
            wait --for=jsonpath={.status.loadBalancer.ingress[0].ip} ingress/web --timeout=30s => .*condition met
            get ingress web => .*etcdish.*plain.example,secure.example.*80, 443.*
            """,
            ("cert.pem", certificate.ExportCertificatePem()),
            ("key.pem", key.ExportPkcs8PrivateKeyPem()),
            ("ingress.yaml", Ingress));
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new TcpClient();
                await socket.ConnectAsync(_network.AddressOf(0), context.DnsEndPoint.Port, cancellation);
                return socket.GetStream();
            },
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString() },
            AllowAutoRedirect = false,
        };
        using var http = new HttpClient(handler) { Timeout = _patience };
        using var redirected = await http.GetAsync("http://secure.example/");
        using var unknown = await http.GetAsync("http://other.example/");

        Assert.That(await http.GetStringAsync("http://plain.example/"), Does.StartWith("web-"));
        Assert.That(await http.GetStringAsync("https://secure.example/"), Does.StartWith("web-"));
        Assert.That((int)redirected.StatusCode, Is.EqualTo(308));
        Assert.That((int)unknown.StatusCode, Is.EqualTo(404));
    }

    [Test]
    public void Pods_reach_the_api_and_services_without_pods_refuse() => _server.Run("""
        exec client -- sh -c "nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT < /dev/null" => 
        exec client -- sh -c "nc -w 5 $KUBERNETES_SERVICE_HOST 444 < /dev/null" !=> .*refused.*
        create service clusterip empty --tcp=80 => .*created
        exec client -- sh -c "timeout 5 wget -qO- $(getent hosts empty | cut -d ' ' -f 1)" !=> .*refused.*
        """);

    [Test]
    public void Policies_let_in_who_may_come() => _server.Run("""
        run guest --image=busybox:1 --labels=may=come --command -- sleep 1000 => pod/guest created
        wait --for=condition=Ready pod/guest --timeout=60s => .*
        run guarded --image=busybox:1 --labels=app=guarded --command -- httpd -f -p 8080 => pod/guarded created
        expose pod guarded --port=8080 => .*exposed
        wait --for=condition=Ready pod/guarded --timeout=60s => .*
        exec client -- sh -c "timeout 5 wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080" !=> .*404 Not Found.*
        apply -f {policy.yaml} => .*created
        exec guest -- sh -c "timeout 5 wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080" !=> .*404 Not Found.*
        exec client -- sh -c "for i in $(seq 20); do timeout 1 wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080 2>&1 | grep -q 404 || exit 7; done" !=> .*exit code 7
        exec guest -- sh -c "timeout 5 wget -O- $(getent hosts guarded | cut -d ' ' -f 1):8080" !=> .*404 Not Found.*
        """, ("policy.yaml", """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: guard}
        spec:
          podSelector: {matchLabels: {app: guarded}}
          ingress: [{from: [{podSelector: {matchLabels: {may: come}}}]}]
        """));
}
