using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>The tutorial of stateful sets.</summary>
public sealed partial class TutorialTests
{
    private const string Web = """
        apiVersion: v1
        kind: Service
        metadata: {name: nginx, labels: {app: nginx}}
        spec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80, name: web}]}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: web}
        spec:
          serviceName: nginx
          replicas: 2
          selector: {matchLabels: {app: nginx}}
          template:
            metadata: {labels: {app: nginx}}
            spec:
              containers:
              - name: nginx
                image: REGISTRY/nginx-slim:0.21
                ports: [{containerPort: 80, name: web}]
                volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
          volumeClaimTemplates:
          - metadata: {name: www}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        """;

    private const string ImageOf = "--template '{{range $i, $c := .spec.containers}}{{$c.image}}{{end}}'";

    [Test]
    public void Stateful_set_basics()
    {
        CreateInOrder();
        KeepNamesAndVolumes();
        ScaleInOrder();
        RollInReverse();
        StageByPartition();
        UpdateOnDelete();
        DeleteAndAdopt();
        DeleteAll();
        StartInParallel();
        Run("""
            delete service nginx => service "nginx" deleted.*
            delete pvc -l app=nginx --timeout=30s => (persistentvolumeclaim "www-web-\d" deleted[^\n]*\n?){5}
            """);
        Until(() => _server.Kubectl("get pv -o name").StandardOutput.Length == 0, "volumes go with their claims");
    }

    private static void CreateInOrder()
    {
        using var watch = Watch();
        Run("""
            apply -f {web.yaml} => service/nginx created\nstatefulset.apps/web created
            rollout status statefulset/web --timeout=35s => .*
            get service nginx => NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nnginx +ClusterIP +None +<none> +80/TCP +\S+
            get statefulset web => NAME +READY +AGE\nweb +2/2 +\S+
            """, ("web.yaml", Web));
        AwaitShown(watch, @"web-1 +1/1 +Running");
        Assert.That(watch.StandardOutput.Text, Does.Match(
            @"(?s)^NAME +READY +STATUS +RESTARTS +AGE\n(web-0 +0/1 +Pending[^\n]*\n)+(web-0 +0/1 +ContainerCreating[^\n]*\n)+web-0 +1/1 +Running[^\n]*\n"
            + @"(web-1 +0/1 +Pending[^\n]*\n)+(web-1 +0/1 +ContainerCreating[^\n]*\n)+web-1 +1/1 +Running"));
    }

    private static void KeepNamesAndVolumes()
    {
        Run("""
            get pods -l app=nginx => NAME +READY +STATUS +RESTARTS +AGE\nweb-0 +1/1 +Running +0 +\S+\nweb-1 +1/1 +Running +0 +\S+
            exec web-0 -- sh -c hostname => web-0
            exec web-1 -- sh -c hostname => web-1
            get pvc -l app=nginx => NAME +STATUS +VOLUME +CAPACITY +ACCESS MODES .*www-web-0 +Bound +pvc-\S+ +1Gi +RWO .*www-web-1 +Bound +pvc-\S+ +1Gi +RWO .*
            exec web-0 -- sh -c "echo $(hostname) > /usr/share/nginx/html/index.html" => 
            exec web-1 -- sh -c "echo $(hostname) > /usr/share/nginx/html/index.html" => 
            """);
        AssertServed();
        AssertNames();
        Run("""
            delete pod -l app=nginx --timeout=30s => pod "web-0" deleted.*pod "web-1" deleted.*
            rollout status statefulset/web --timeout=35s => .*
            """);
        AssertServed();
        AssertNames();
    }

    private static void ScaleInOrder()
    {
        using var watch = Watch();
        Run("""
            scale sts web --replicas=5 => statefulset.apps/web scaled
            rollout status statefulset/web --timeout=39s => .*
            """);
        AwaitShown(watch, @"web-4 +1/1 +Running");
        AssertShown(watch, @"web-2 +1/1 +Running.*web-3 +0/1 +Pending.*web-3 +1/1 +Running.*web-4 +0/1 +Pending");
        Run("""
            patch sts web -p '{"spec":{"replicas":3}}' => statefulset.apps/web patched
            wait --for=delete pod/web-4 pod/web-3 --timeout=35s => .*
            get pvc -l app=nginx => NAME[^\n]*\n(www-web-\d +Bound[^\n]*\n?){5}
            """);
        AssertShown(watch, @"web-4 +1/1 +Terminating.*web-3 +1/1 +Terminating");
        Assert.That(watch.StandardOutput.Text, Does.Not.Match(@"(?s)web-3 +1/1 +Terminating.*\nweb-4 "));
    }

    private static void RollInReverse()
    {
        using var watch = Watch();
        Run("""
            patch statefulset web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}' => statefulset.apps/web patched.*
            patch statefulset web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"REGISTRY/nginx-slim:0.24"}]' => statefulset.apps/web patched
            rollout status sts/web --timeout=39s => .*
            """);
        AssertShown(watch, @"web-2 +1/1 +Terminating.*web-2 +1/1 +Running.*web-1 +1/1 +Terminating.*web-1 +1/1 +Running.*web-0 +1/1 +Terminating");
        AssertImages("0.24", "0.24", "0.24");
    }

    private static void StageByPartition()
    {
        Run("""
            patch statefulset web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":3}}}}' => statefulset.apps/web patched
            patch statefulset web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"REGISTRY/nginx-slim:0.21"}]' => statefulset.apps/web patched
            delete pod web-2 => pod "web-2" deleted.*
            wait --for=create pod/web-2 --timeout=30s => .*
            wait --for=condition=Ready pod/web-2 --timeout=30s => .*
            """);
        AssertImages("0.24", "0.24", "0.24");
        Run("""
            patch statefulset web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}}}' => statefulset.apps/web patched
            rollout status sts/web --timeout=39s => .*partitioned roll out complete: 1 new pods have been updated.*
            delete pod web-1 => pod "web-1" deleted.*
            wait --for=create pod/web-1 --timeout=30s => .*
            wait --for=condition=Ready pod/web-1 --timeout=30s => .*
            """);
        AssertImages("0.24", "0.24", "0.21");
        Run("""
            patch statefulset web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":0}}}}' => statefulset.apps/web patched
            rollout status sts/web --timeout=39s => .*
            """);
        AssertImages("0.21", "0.21", "0.21");
    }

    private static void UpdateOnDelete()
    {
        Run("""
            patch statefulset web -p '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}' => statefulset.apps/web patched
            patch statefulset web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"REGISTRY/nginx-slim:0.24"}]' => statefulset.apps/web patched
            delete pod web-2 => pod "web-2" deleted.*
            wait --for=create pod/web-2 --timeout=30s => .*
            wait --for=condition=Ready pod/web-2 --timeout=30s => .*
            """);
        AssertImages("0.21", "0.21", "0.24");
    }

    private static void DeleteAndAdopt()
    {
        Run("""
            delete statefulset web --cascade=orphan => statefulset.apps "web" deleted.*
            get pods -l app=nginx => .*web-0 +1/1 +Running.*web-1 +1/1 +Running.*web-2 +1/1 +Running.*
            delete pod web-0 => pod "web-0" deleted.*
            get pods -l app=nginx => NAME[^\n]*\nweb-1 +1/1 +Running[^\n]*\nweb-2 +1/1 +Running[^\n]*
            apply -f {web.yaml} => service/nginx unchanged\nstatefulset.apps/web created
            wait --for=delete pod/web-2 --timeout=35s => .*
            rollout status statefulset/web --timeout=35s => .*
            get pods -l app=nginx => NAME[^\n]*\nweb-0 +1/1 +Running[^\n]*\nweb-1 +1/1 +Running[^\n]*
            get pod web-1 -o jsonpath={.metadata.ownerReferences[0].name} => web
            """, ("web.yaml", Web));
        AssertServed();
    }

    private static void DeleteAll()
    {
        Run("""
            delete statefulset web => statefulset.apps "web" deleted.*
            wait --for=delete pod -l app=nginx --timeout=35s => .*
            delete service nginx => service "nginx" deleted.*
            """);
    }

    private static void StartInParallel()
    {
        using var watch = Watch();
        Run("""
            apply -f {web-parallel.yaml} => service/nginx created\nstatefulset.apps/web created
            rollout status statefulset/web --timeout=35s => .*
            """, ("web-parallel.yaml", Web.Replace("serviceName: nginx", "serviceName: nginx\n  podManagementPolicy: Parallel", StringComparison.Ordinal)));
        AssertShown(watch, @"web-1 +0/1 +Pending.*web-0 +1/1 +Running");
        AssertServed();
        Run("""
            scale statefulset/web --replicas=4 => statefulset.apps/web scaled
            rollout status statefulset/web --timeout=35s => .*
            delete sts web => statefulset.apps "web" deleted.*
            wait --for=delete pod -l app=nginx --timeout=35s => .*
            """);
        AssertShown(watch, @"web-3 +0/1 +Pending.*web-2 +1/1 +Running");
    }

    private static ChildProcess Watch() => _server.Start("get pods -w -l app=nginx");

    private static void AwaitShown(ChildProcess watch, string pattern) =>
        Assert.That(watch.StandardOutput.Wait(text => Regex.IsMatch(text, pattern), _patience), Is.True, watch.Describe);

    private static void AssertShown(ChildProcess watch, string pattern) => AwaitShown(watch, $"(?s){pattern}");

    private static void AssertServed()
    {
        foreach (var pod in (string[])["web-0", "web-1"])
        {
            Assert.That(_server.ExecOnTerminal($"{pod} -- wget -qO- 127.0.0.1").Trim(), Is.EqualTo(pod));
        }
    }

    /// <summary>Looks the pods' names up as a pod of the cluster does, on a terminal.</summary>
    private static void AssertNames()
    {
        using var shell = _server.StartOnTerminal("run -i --tty --image busybox:1 dns-test --restart=Never --rm");
        AwaitShown(shell, "# ");
        foreach (var name in (string[])["web-0.nginx", "web-1.nginx"])
        {
            Type(shell, $"nslookup {name}.default.svc.cluster.local", "");
            AssertShown(shell, $@"Name:\s+{name}\.default\.svc\.cluster\.local\s+Address: 10\.244\.");
        }

        Type(shell, "exit", "");
        Assert.That(shell.WaitForExit(_patience), Is.Zero, shell.Describe);
        Assert.That(shell.StandardOutput.Text, Does.Contain("pod \"dns-test\" deleted"));
    }

    private static void AssertImages(params string[] tags)
    {
        for (var i = 0; i < tags.Length; i++)
        {
            Assert.That(_server.Kubectl($"get pod web-{i} {ImageOf}").StandardOutput, Is.EqualTo($"{_registry.Host}/nginx-slim:{tags[i]}"));
        }
    }
}
