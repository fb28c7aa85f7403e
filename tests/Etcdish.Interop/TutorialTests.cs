using System.Text.RegularExpressions;
using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Interop;

/// <summary>
/// The tutorials with which people begin, command by command as they are written, on <c>etcdish up</c> with genuine containers. The
/// cluster has a network of its own, in which kubectl and curl run too. Images are pulled from a registry there: a small web server stands
/// for the tutorials' own.
/// </summary>
[NonParallelizable]
public sealed partial class TutorialTests
{
    // What the script of the image writes is what the tutorial's program answers.
    private const string Bootcamp = """
        mkdir /www
        echo "Hello Kubernetes bootcamp! | Running on: $(hostname) | v=VERSION" > /www/index.html
        echo "Kubernetes Bootcamp App Started | Running On: $(hostname)"
        httpd -f -p 8080 -h /www
        """;

    private const string PodNames = """get pods -o go-template --template '{{range .items}}{{.metadata.name}}{{"\n"}}{{end}}'""";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static NamespaceNetwork _network = null!;
    private static ContainerdServer _containerd = null!;
    private static ImageRegistry _registry = null!;
    private static KubernetesServer _server = null!;

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        Tools.Require("nft", "apt-get install nftables");
        Tools.Require("curl", "apt-get install curl");
        _network = NamespaceNetwork.Create(1);
        var launcher = _network.NetworkLauncherOf(0);
        InNetwork("ip", "route", "add", "default", "via", _network.Outside);
        _containerd = await ContainerdServer.StartAsync(launcher);
        _registry = new ImageRegistry(launcher, _network.AddressOf(0));
        foreach (var version in (string[])["1", "2"])
        {
            var image = ContainerImage.Running(Bootcamp.Replace("VERSION", version, StringComparison.Ordinal));
            await _registry.PushAsync(image, "kubernetes-bootcamp", $"v{version}");
        }

        var nginx = ContainerImage.Running("httpd -f -p 80 -h /usr/share/nginx/html");
        await _registry.PushAsync(nginx, "nginx-slim", "0.24");
        await _registry.PushAsync(nginx, "nginx-slim", "0.21");
        _server = new KubernetesServer(
            onGenuineEtcd: false,
            up:
            [
                "--runtime", "containerd", "--container-runtime-endpoint", _containerd.Endpoint, "--node-name", "here",
                "--node-ip", _network.AddressOf(0), "--cni-conf-dir", _containerd.NetworkFolder, "--cni-bin-dir", ContainerdServer.PluginPath,
                "--eviction-hard", "memory.available<1Mi",
            ],
            launcher: launcher);
        _server.Run("wait --for=condition=Ready node/here --timeout=30s => .*condition met");
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        try
        {
            _server?.Kubectl("delete deployments,statefulsets,pods --all --grace-period=1 --timeout=30s");
        }
        finally
        {
            if (_containerd is not null)
            {
                await _containerd.DisposeAsync();
            }

            _server?.Dispose();
            _registry?.Dispose();
            _network?.Dispose();
        }
    }

    [Test]
    public void Kubernetes_basics()
    {
        CreateDeployment();
        var pod = Explore();
        Expose(pod);
        Scale();
        Update();
        RollBack();
        Run("""
            delete deployments/kubernetes-bootcamp services/kubernetes-bootcamp => deployment.apps "kubernetes-bootcamp" deleted.*service "kubernetes-bootcamp" deleted.*
            """);
    }

    private static void CreateDeployment() => Run("""
        version => .*Server Version: v1\.35\..*
        get nodes => NAME +STATUS +ROLES +AGE +VERSION\nhere +Ready .*
        create deployment kubernetes-bootcamp --image=REGISTRY/kubernetes-bootcamp:v1 => deployment.apps/kubernetes-bootcamp created
        rollout status deployments/kubernetes-bootcamp --timeout=30s => .*successfully rolled out
        get deployments => NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nkubernetes-bootcamp +1/1 +1 +1 +\S+
        get pods => NAME +READY +STATUS +RESTARTS +AGE\nkubernetes-bootcamp-\S+-\S+ +1/1 +Running +0 +\S+
        """);

    /// <summary>Looks at the one pod from all sides; its name.</summary>
    private static string Explore()
    {
        var pod = _server.Kubectl(PodNames).StandardOutput.Trim();
        using (var proxy = _server.Start("proxy"))
        {
            Assert.That(proxy.StandardOutput.Wait(text => text.Contains("127.0.0.1:8001", StringComparison.Ordinal), _patience), Is.True, proxy.Describe);
            Assert.That(Curl("http://localhost:8001/version"), Does.Contain("\"gitVersion\""));
            Assert.That(
                Curl($"http://localhost:8001/api/v1/namespaces/default/pods/{pod}:8080/proxy/"),
                Is.EqualTo($"Hello Kubernetes bootcamp! | Running on: {pod} | v=1\n"));
        }

        Run($$"""
            describe pods => .*IP: +10\.244\..*Image: +REGISTRY/kubernetes-bootcamp:v1.*Events:.*Scheduled.*Pulling.*Pulled.*Created.*Started.*
            logs {{pod}} => Kubernetes Bootcamp App Started \| Running On: {{pod}}
            exec {{pod}} -- env => .*HOSTNAME={{pod}}.*KUBERNETES_SERVICE_HOST=.*
            """);
        using var shell = _server.StartOnTerminal($"exec -ti {pod} -- sh");
        Type(shell, "wget -qO- 127.0.0.1:8080", "v=1");
        Type(shell, "exit", "");
        Assert.That(shell.WaitForExit(_patience), Is.Zero, shell.Describe);
        return pod;
    }

    private static void Expose(string pod)
    {
        Run("""
            get services => NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nkubernetes +ClusterIP +10\.96\.0\.1 +<none> +443/TCP +\S+
            expose deployment/kubernetes-bootcamp --type="NodePort" --port 8080 => service/kubernetes-bootcamp exposed
            get services => .*kubernetes-bootcamp +NodePort +10\.96\.\S+ +<none> +8080:3\d{4}/TCP.*
            describe services/kubernetes-bootcamp => .*Type: +NodePort.*NodePort: +<unset> +3\d{4}/TCP.*Endpoints: +10\.244\.\S+:8080.*
            """);
        var url = NodeUrl();
        Assert.That(Curl(url), Does.StartWith("Hello Kubernetes bootcamp!"));
        Run($"""
            describe deployment => .*Labels: +app=kubernetes-bootcamp.*
            get pods -l app=kubernetes-bootcamp => .*{pod}.*
            get services -l app=kubernetes-bootcamp => NAME[^\n]*\nkubernetes-bootcamp[^\n]*
            label pods {pod} version=v1 => pod/{pod} labeled
            describe pods {pod} => .*Labels: +app=kubernetes-bootcamp.*version=v1.*
            get pods -l version=v1 => .*{pod}.*
            delete service -l app=kubernetes-bootcamp => service "kubernetes-bootcamp" deleted.*
            get services => (?!.*bootcamp).*
            exec -ti {pod} -- wget -qO- http://127.0.0.1:8080 => .*Hello Kubernetes bootcamp!.*
            """);
        Until(() => !IsAnswered(url), "the node's port is closed");
    }

    private static void Scale()
    {
        Run("""
            expose deployment/kubernetes-bootcamp --type="LoadBalancer" --port 8080 => service/kubernetes-bootcamp exposed
            get rs => NAME +DESIRED +CURRENT +READY +AGE\nkubernetes-bootcamp-\S+ +1 +1 +1 +\S+
            scale deployments/kubernetes-bootcamp --replicas=4 => deployment.apps/kubernetes-bootcamp scaled
            rollout status deployments/kubernetes-bootcamp --timeout=30s => .*successfully rolled out
            get deployments => .*kubernetes-bootcamp +4/4 +4 +4 +\S+
            describe deployments/kubernetes-bootcamp => .*4 desired \| 4 updated \| 4 total \| 4 available.*Scaled up replica set \S+ from 1 to 4.*
            """);
        var addresses = Regex.Matches(_server.Kubectl("get pods -o wide").StandardOutput, @" (10\.244\.\S+) ").Select(match => match.Value);
        Assert.That(addresses.Distinct().Count(), Is.EqualTo(4));
        var url = NodeUrl();
        var answers = new HashSet<string>();
        Until(
            () =>
            {
                answers.Add(Curl(url));
                return answers.Count == 4;
            },
            "each of the four pods answers");

        Run("""
            scale deployments/kubernetes-bootcamp --replicas=2 => deployment.apps/kubernetes-bootcamp scaled
            wait --for=jsonpath={.status.replicas}=2 deployments/kubernetes-bootcamp --timeout=30s => .*
            get deployments => .*kubernetes-bootcamp +2/2 +2 +2 +\S+
            """);
        UntilPods(2);
    }

    private static void Update()
    {
        Run("""
            describe pods => .*Image: +\S+/kubernetes-bootcamp:v1\n.*Image: +\S+/kubernetes-bootcamp:v1\n.*
            set image deployments/kubernetes-bootcamp kubernetes-bootcamp=REGISTRY/kubernetes-bootcamp:v2 => deployment.apps/kubernetes-bootcamp image updated
            rollout status deployments/kubernetes-bootcamp --timeout=30s => .*successfully rolled out
            """);
        UntilPods(2);
        Run(@"describe pods => .*Image: +\S+/kubernetes-bootcamp:v2\n.*Image: +\S+/kubernetes-bootcamp:v2\n.*");
        var url = NodeUrl();
        Assert.That(Enumerable.Range(0, 5).Select(_ => Curl(url)), Has.All.EndsWith("| v=2\n"));
    }

    private static void RollBack()
    {
        Run("""
            set image deployments/kubernetes-bootcamp kubernetes-bootcamp=REGISTRY/kubernetes-bootcamp:v10 => deployment.apps/kubernetes-bootcamp image updated
            wait --for=jsonpath={.status.updatedReplicas}=1 deployments/kubernetes-bootcamp --timeout=30s => .*
            wait --for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImagePull pods --field-selector status.phase=Pending --timeout=30s => .*
            wait --for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff pods --field-selector status.phase=Pending --timeout=30s => .*
            get deployments => .*kubernetes-bootcamp +2/2 +1 +2 +\S+
            get pods => .*0/1 +(ErrImagePull|ImagePullBackOff) +0.*
            """);
        var affected = _server.Kubectl(PodNames.Replace("get pods", "get pods --field-selector status.phase=Pending", StringComparison.Ordinal)).StandardOutput.Trim();
        Run($"""
            describe pod {affected} => .*Failed to pull image "\S+/kubernetes-bootcamp:v10".*not found.*
            rollout undo deployments/kubernetes-bootcamp => deployment.apps/kubernetes-bootcamp rolled back
            rollout status deployments/kubernetes-bootcamp --timeout=30s => .*successfully rolled out
            """);
        UntilPods(2);
        Run(@"describe pods => .*Image: +\S+/kubernetes-bootcamp:v2\n.*Image: +\S+/kubernetes-bootcamp:v2\n.*");
    }

    /// <summary>Runs a script in which REGISTRY stands for the registry.</summary>
    private static void Run(string script, params IReadOnlyList<(string Name, string Content)> files) => _server.Run(
        script.Replace("REGISTRY", _registry.Host, StringComparison.Ordinal),
        [.. files.Select(file => (file.Name, file.Content.Replace("REGISTRY", _registry.Host, StringComparison.Ordinal)))]);

    private static string NodeUrl()
    {
        var port = _server.Kubectl("get services/kubernetes-bootcamp -o go-template='{{(index .spec.ports 0).nodePort}}'").StandardOutput;
        return $"http://{_network.AddressOf(0)}:{port}";
    }

    /// <summary>Asks as people on the node do; a port that is not yet open is asked again.</summary>
    private static string Curl(string url) => InNetwork("curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", url);

    private static bool IsAnswered(string url)
    {
        using var curl = StartInNetwork("curl", "-sS", "--max-time", "2", url);
        return curl.WaitForExit(_patience) == 0;
    }

    private static string InNetwork(params string[] command)
    {
        using var process = StartInNetwork(command);
        Assert.That(process.WaitForExit(_patience), Is.Zero, process.Describe);
        return process.StandardOutput.Text;
    }

    private static ChildProcess StartInNetwork(params string[] command)
    {
        string[] all = [.. _network.NetworkLauncherOf(0), .. command];
        return ChildProcess.Start(all[0], all[1..]);
    }

    private static void Type(ChildProcess terminal, string line, string answer)
    {
        terminal.StandardInput.Write(line + "\n");
        terminal.StandardInput.Flush();
        Assert.That(terminal.StandardOutput.Wait(text => text.Contains(answer, StringComparison.Ordinal), _patience), Is.True, terminal.Describe);
    }

    private static void UntilPods(int count) =>
        Until(() => _server.Kubectl("get pods -o name").StandardOutput.Split('\n').Length - 1 == count, $"there are {count} pods");

    /// <summary>Asks again and again; each question takes its time.</summary>
    private static void Until(Func<bool> isSo, string what)
    {
        using var limit = new CancellationTokenSource(_patience);
        while (!isSo())
        {
            Assert.That(limit.IsCancellationRequested, Is.False, what);
        }
    }
}
