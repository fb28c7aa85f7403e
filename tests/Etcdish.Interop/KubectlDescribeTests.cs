namespace Etcdish.Interop;

/// <summary>What kubectl describes of objects that it puts together from several: each needs lists of others, by selectors.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class KubectlDescribeTests(bool onGenuineEtcd)
{
    /// <summary>A service without a selector, whose endpoints are written by hand.</summary>
    private const string Service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web, labels: {tier: front}}
        spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{name: http, port: 8080, protocol: TCP}]
        endpoints:
        - {addresses: [10.9.0.1], conditions: {ready: true}}
        - {addresses: [10.9.0.2], conditions: {ready: true}}
        - {addresses: [10.9.0.3], conditions: {ready: false}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: site}
        spec:
          ingressClassName: some
          defaultBackend: {service: {name: none, port: {number: 80}}}
          tls: [{hosts: [shop.example.com], secretName: cert}]
          rules:
          - host: shop.example.com
            http: {paths: [{path: /buy, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
        """;

    private const string Event = """
        apiVersion: v1
        kind: Event
        metadata: {name: web.1}
        involvedObject: {apiVersion: v1, kind: Service, name: web, namespace: default, uid: UID}
        reason: Seen
        message: something happened
        type: Normal
        source: {component: test}
        lastTimestamp: 2026-01-01T00:00:00Z
        """;

    private const string Volumes = """
        apiVersion: v1
        kind: PersistentVolume
        metadata: {name: disk}
        spec:
          capacity: {storage: 2Gi}
          accessModes: [ReadWriteOnce]
          storageClassName: ""
          claimRef: {namespace: default, name: data}
          hostPath: {path: /nowhere}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec:
          accessModes: [ReadWriteOnce]
          storageClassName: ""
          volumeName: disk
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: user}
        spec:
          containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v}]}]
          volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
        """;

    private const string Others = """
        apiVersion: v1
        kind: LimitRange
        metadata: {name: bounds}
        spec: {limits: [{type: Container, max: {cpu: "2"}, default: {cpu: "1"}}]}
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: nightly}
        spec: {schedule: "0 3 * * *", suspend: true, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          replicas: 0
          serviceName: db
          selector: {matchLabels: {app: db}}
          template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: i}]}}
        ---
        apiVersion: storage.k8s.io/v1
        kind: StorageClass
        metadata: {name: fast}
        provisioner: example.com/none
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: closed}
        spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
        """;

    [Test]
    public void Services_and_what_leads_to_them()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("create -f {service.yaml} => .*ingress\\.networking\\.k8s\\.io/site created", ("service.yaml", Service));

        // Events of an object are those of its uid.
        var uid = server.Kubectl("get service web -o jsonpath={.metadata.uid}").StandardOutput;
        server.Run(
            """
            create -f {event.yaml} => event/web\.1 created
            describe service web => Name: +web\n.*Labels: +tier=front\n.*Port: +http +80/TCP\nTargetPort: +8080/TCP\nEndpoints: +10\.9\.0\.1:8080,10\.9\.0\.2:8080\n.*Events:.*Normal +Seen .* something happened
            describe ingress site => Name: +site\n.*Ingress Class: +some\nDefault backend: +none:80 .*TLS:\n +cert terminates shop\.example\.com\n.*shop\.example\.com *\n +/buy +web:80 \(10\.9\.0\.1:8080,10\.9\.0\.2:8080\)\n.*
            describe endpointslice web-1 => Name: +web-1\n.*AddressType: +IPv4\n.*http +8080 +TCP\n.*Addresses: +10\.9\.0\.3\n +Conditions:\n +Ready: +false.*
            """,
            ("event.yaml", Event.Replace("UID", uid, StringComparison.Ordinal)));
    }

    [Test]
    public void Claims_and_who_uses_them() => Run("""
        create -f {volumes.yaml} => persistentvolume/disk created\npersistentvolumeclaim/data created\npod/user created
        describe pvc data => Name: +data\n.*Volume: +disk\n.*Used By: +user\n.*
        describe pv disk => Name: +disk\n.*Claim: +default/data\n.*Capacity: +2Gi\n.*Type: +HostPath .*
        describe pod user => .*ClaimName: +data\n.*
        """);

    [Test]
    public void Limits_sets_jobs_classes_and_policies() => Run("""
        create -f {others.yaml} => .*networkpolicy\.networking\.k8s\.io/closed created
        describe limits bounds => Name: +bounds\n.*Container +cpu +- +2 +1 +1 .*
        describe cronjob nightly => Name: +nightly\n.*Schedule: +0 3 \* \* \*\n.*Suspend: +True\n.*
        describe statefulset db => Name: +db\n.*Replicas: +0 desired \| 0 total\nUpdate Strategy: +RollingUpdate\n.*
        describe storageclass fast => Name: +fast\n.*Provisioner: +example\.com/none\n.*ReclaimPolicy: +Delete\nVolumeBindingMode: +Immediate\n.*
        describe networkpolicy closed => Name: +closed\n.*PodSelector: +app=db\n.*
        describe serviceaccount default => Name: +default\n.*
        create secret generic s --from-literal=word=12345 => secret/s created
        describe secret s => Name: +s\n.*word: +5 bytes
        """);

    private void Run(string script)
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(script, ("volumes.yaml", Volumes), ("others.yaml", Others));
    }
}
