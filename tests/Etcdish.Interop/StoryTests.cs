using System.Net;

namespace Etcdish.Interop;

/// <summary>
/// What a cluster is for, in one story, on genuine containers and on processes that need no image: a web application of three pods that knows its database by a ConfigMap and
/// its password by a Secret, the database a stateful set on a volume, visitors who come by host name with TLS. Pods are killed, the
/// application is rolled, the database goes and comes back with its data, and no visitor sees any of it.
/// </summary>
[NonParallelizable]
public sealed class StoryTests
{
    // The database is a file that httpd gives to those who know the password, and a script that writes it.
    private const string Database = """
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {clusterIP: None, selector: {app: db}, ports: [{name: http, port: 8080}]}
        ---
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
                env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]
                command: [sh, -c, "echo \"/:web:$PASSWORD\" > /tmp/httpd.conf; exec busybox httpd -f -p 8080 -h /data -c /tmp/httpd.conf"]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                volumeMounts: [{name: data, mountPath: /data}]
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
        """;

    private const string Web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 10
              containers:
              - name: c
                image: busybox:1
                env:
                - {name: DATABASE, valueFrom: {configMapKeyRef: {name: web, key: database}}}
                - {name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
                command: [sh, -c, "mkdir -p /www/cgi-bin; echo \"$RELEASE\" > /www/index.html; cp /scripts/query /www/cgi-bin/query; exec busybox httpd -f -p 8080 -h /www"]
                lifecycle: {preStop: {sleep: {seconds: 3}}}
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                volumeMounts: [{name: query, mountPath: /scripts}]
              volumes: [{name: query, configMap: {name: web, defaultMode: 0755}}]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data:
          database: db-0.db
          query: |
            #!/bin/sh
            echo "Content-Type: text/plain"
            echo
            address=$(getent hosts $DATABASE | cut -d ' ' -f 1)
            busybox wget -qO- --header "Authorization: Basic $(echo -n web:$PASSWORD | base64)" $address:8080/value
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec:
          tls: [{hosts: [shop.example], secretName: web-tls}]
          rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
        """;

    [TestCase(NetworkedCluster.Containers)]
    [TestCase(NetworkedCluster.Processes)]
    public async Task Visitors_notice_nothing(string runtime)
    {
        await using var cluster = await NetworkedCluster.StartAsync(runtime);
        var server = cluster.Server;
        using var certificate = cluster.WriteCertificate("shop.example");
        server.Run(
            """
            create secret generic db --from-literal=password=swordfish => .*created
            create secret tls web-tls --cert={.}/shop.example.pem --key={.}/shop.example.key => .*created
            apply -f {db.yaml} => .*
            apply -f {web.yaml} => .*
            rollout status statefulset db --timeout=60s => .*
            rollout status deployment web --timeout=60s => .*successfully rolled out
            exec db-0 -- sh -c "echo first entry > /data/value" => 
            wait --for=jsonpath={.status.loadBalancer.ingress[0].ip} ingress/web --timeout=30s => .*
            """,
            ("db.yaml", Database),
            ("web.yaml", Web));
        using var http = cluster.Visitor(certificate);
        await OpenAsync(http);
        Assert.That(await http.GetStringAsync("https://shop.example/cgi-bin/query"), Is.EqualTo("first entry\n"));

        using var leave = new CancellationTokenSource();
        var visits = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => VisitAsync(http, leave.Token)));
        server.Run("""
            delete pods -l app=web --wait=false --field-selector=metadata.name!=none => .*deleted.*
            rollout status deployment web --timeout=60s => .*
            set env deployment web RELEASE=two => .*updated
            rollout status deployment web --timeout=90s => .*successfully rolled out
            delete pod db-0 => .*deleted.*
            rollout status statefulset db --timeout=60s => .*
            wait --for=condition=Ready pod/db-0 --timeout=30s => .*
            """);
        await leave.CancelAsync();
        var counts = await visits;
        Assert.That(counts.Sum(), Is.GreaterThan(100));
        Assert.That(await http.GetStringAsync("https://shop.example/"), Is.EqualTo("two\n"));
        Assert.That(await http.GetStringAsync("https://shop.example/cgi-bin/query"), Is.EqualTo("first entry\n"));
    }

    /// <summary>Comes until the first time that the shop is open: who looks at pods learns that they are ready before who leads to them.</summary>
    private static async Task OpenAsync(HttpClient http)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            using var answer = await http.GetAsync("https://shop.example/", limit.Token);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        }
    }

    /// <summary>Comes again and again, by a connection of its own each second time; tells how often.</summary>
    private static async Task<int> VisitAsync(HttpClient http, CancellationToken cancellation)
    {
        var count = 0;
        while (!cancellation.IsCancellationRequested)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "https://shop.example/");
            request.Headers.ConnectionClose = count++ % 2 == 0;
            using var answer = await http.SendAsync(request, CancellationToken.None);
            Assert.That(answer.IsSuccessStatusCode, Is.True, () => $"visit {count}: {answer}");
        }

        return count;
    }
}
