using System.Net.Sockets;
using Etcdish.Protos.Cri;
using Etcdish.Rpc;

namespace Etcdish.Testing.Containerd;

/// <summary>
/// The genuine containerd with folders, a socket and a network of its own, and the images busybox and pause. At disposal all its pods are
/// removed, and nothing of it is left on the machine.
/// </summary>
public sealed class ContainerdServer : IAsyncDisposable
{
    public const string InstallLine = "apt-get install containerd runc containernetworking-plugins iptables busybox-static";
    public const string Busybox = "docker.io/library/busybox:1";

    private const string Pause = "docker.io/library/pause:1";
    private const string PluginFolder = "/usr/lib/cni";
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);
    private static int _count;

    private readonly TemporaryFolder _folder = new();
    private readonly string _program;
    private readonly int _number = Environment.ProcessId + Interlocked.Increment(ref _count);
    private readonly RpcChannel _channel;
    private readonly IReadOnlyList<string> _launcher;
    private ChildProcess? _process;

    private ContainerdServer(string program, IReadOnlyList<string> launcher)
    {
        _program = program;
        _launcher = launcher;
        _channel = new RpcChannel(
            new Uri("http://localhost"), new RpcChannelOptions { EndPoint = new UnixDomainSocketEndPoint(_folder.File("c.sock")) });
    }

    /// <summary>Its socket, as a kubelet is told it.</summary>
    public string Endpoint => $"unix://{_folder.File("c.sock")}";

    /// <summary>Where it looks for how pods get their network.</summary>
    public string NetworkFolder => _folder.File("net");

    /// <summary>Where the programs are that make it.</summary>
    public static string PluginPath => PluginFolder;

    private string Bridge => $"edc{_number % 100_000}";

    /// <summary>Starts one; without the programs, or without being root, the running test is skipped or fails.</summary>
    /// <param name="launcher">
    /// What runs it, such as in a network of its own: then somebody else says how pods get theirs (<see cref="NetworkFolder"/>).
    /// </param>
    public static async Task<ContainerdServer> StartAsync(IReadOnlyList<string>? launcher = null)
    {
        var program = Tools.Require("containerd", InstallLine);
        Tools.Require("ctr", InstallLine);
        if (!File.Exists(Path.Combine(PluginFolder, "bridge")))
        {
            Tools.Missing($"{PluginFolder}/bridge is not installed; install it with: {InstallLine}");
        }

        if (!Environment.IsPrivilegedProcess)
        {
            Tools.Missing("containerd needs root");
        }

        var server = new ContainerdServer(program, launcher ?? []);
        try
        {
            server.Configure();
            await server.RunAsync();
            await server.ImportAsync(ContainerImage.Pause(), Pause);
            await server.ImportAsync(ContainerImage.Busybox(), Busybox);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it, again on the same folders; waits until it answers.</summary>
    public async Task RunAsync()
    {
        string[] command = [.. _launcher, _program, "--config", _folder.File("config.toml")];
        _process = ChildProcess.Start(command[0], command[1..], new Dictionary<string, string> { ["PATH"] = SearchPath() });
        if (!_process.StandardError.Wait(text => text.Contains("containerd successfully booted", StringComparison.Ordinal), _limit))
        {
            throw new InvalidOperationException($"containerd does not start: {_process.Describe()}");
        }

        // Its part for pods begins to serve a little later.
        using var limit = new CancellationTokenSource(_limit);
        while (!await IsServingAsync())
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>How many containers run in it, those that hold pods together left out.</summary>
    public async Task<int> CountRunningAsync()
    {
        var all = await CallAsync("RuntimeService/ListContainers", new ListContainersRequest(), ListContainersResponse.Parser);
        return all.Containers.Count(container => container.State == ContainerState.ContainerRunning);
    }

    /// <summary>Kills it without warning. What runs in containers goes on.</summary>
    public void Kill() => _process?.Kill();

    /// <summary>Gives it an image under a full name, such as <c>docker.io/library/busybox:1</c>.</summary>
    public async Task ImportAsync(ContainerImage image, string name)
    {
        var archive = _folder.File("image.tar");
        await using (var file = File.Create(archive))
        {
            image.WriteArchive(file, name);
        }

        Run("ctr", "--address", _folder.File("c.sock"), "-n", "k8s.io", "images", "import", "--no-unpack", archive);

        // Its part for pods hears of the image a little later.
        using var limit = new CancellationTokenSource(_limit);
        var request = new ImageStatusRequest { Image = new ImageSpec { Image = name } };
        while ((await CallAsync("ImageService/ImageStatus", request, ImageStatusResponse.Parser)).Image is null)
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_process is not null)
            {
                if (_process.HasExited)
                {
                    await RunAsync();
                }

                await RemovePodsAsync();
                _process.Send(Signal.Terminate);
                _process.WaitForExit(_limit);
            }
        }
        finally
        {
            _process?.Dispose();
            _channel.Dispose();
            TryRun("ip", "link", "del", Bridge);
            foreach (var mount in File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1]).Where(IsMine).Reverse())
            {
                TryRun("umount", "-l", mount);
            }

            _folder.Dispose();
        }
    }

    private async Task<bool> IsServingAsync()
    {
        try
        {
            await CallAsync("RuntimeService/Status", new StatusRequest(), StatusResponse.Parser);
            return true;
        }
        catch (RpcException e) when (e.Code is StatusCode.Unavailable or StatusCode.Unknown or StatusCode.Unimplemented)
        {
            return false;
        }
    }

    private bool IsMine(string path) => path.StartsWith(_folder.FullPath + "/", StringComparison.Ordinal);

    private async Task RemovePodsAsync()
    {
        var deadline = DateTime.UtcNow + _limit;
        while (true)
        {
            var pods = await CallAsync("RuntimeService/ListPodSandbox", new ListPodSandboxRequest(), ListPodSandboxResponse.Parser);
            if (pods.Items.Count == 0)
            {
                return;
            }

            foreach (var pod in pods.Items)
            {
                await RemoveAsync(pod.Id, DateTime.UtcNow < deadline);
            }
        }
    }

    private async Task RemoveAsync(string pod, bool isPatient)
    {
        try
        {
            await CallAsync("RuntimeService/StopPodSandbox", new StopPodSandboxRequest { PodSandboxId = pod }, StopPodSandboxResponse.Parser);
            await CallAsync(
                "RuntimeService/RemovePodSandbox", new RemovePodSandboxRequest { PodSandboxId = pod }, RemovePodSandboxResponse.Parser);
        }
        catch (RpcException e) when (
            e.Code == StatusCode.NotFound || (isPatient && e.Message.Contains("already in removing state", StringComparison.Ordinal)))
        {
            // What a kubelet had begun to remove when it ended is under way.
        }
    }

    private Task<TResponse> CallAsync<TRequest, TResponse>(
        string method, TRequest request, Google.Protobuf.MessageParser<TResponse> parser)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TResponse : class, Google.Protobuf.IMessage<TResponse> =>
        _channel.UnaryAsync($"/runtime.v1.{method}", request, parser, new CallOptions { Timeout = _limit });

    // Machines for tests may lack the right to shield processes from the killer of memory; hence restrict_oom_score_adj.
    private void Configure()
    {
        File.WriteAllText(_folder.File("config.toml"), $"""
            version = 2
            root = "{_folder.File("root")}"
            state = "{_folder.File("state")}"
            [grpc]
              address = "{_folder.File("c.sock")}"
            [plugins."io.containerd.grpc.v1.cri"]
              sandbox_image = "{Pause}"
              stream_server_address = "127.0.0.1"
              stream_server_port = "0"
              restrict_oom_score_adj = true
              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "overlayfs"
                default_runtime_name = "runc"
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
                  runtime_type = "io.containerd.runc.v2"
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "{PluginFolder}"
                conf_dir = "{_folder.File("net")}"
            """);
        Directory.CreateDirectory(NetworkFolder);
        if (_launcher.Count > 0)
        {
            return;
        }

        File.WriteAllText(_folder.File("net/10-pods.conflist"), $$$"""
            {
              "cniVersion": "0.4.0",
              "name": "{{{Bridge}}}",
              "plugins": [
                {
                  "type": "bridge", "bridge": "{{{Bridge}}}", "isGateway": true, "hairpinMode": true,
                  "ipam": {
                    "type": "host-local", "dataDir": "{{{_folder.File("addresses")}}}",
                    "ranges": [[{"subnet": "10.{{{100 + _number / 250 % 50}}}.{{{_number % 250}}}.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]
                  }
                },
                {"type": "portmap", "capabilities": {"portMappings": true}}
              ]
            }
            """);
    }

    // runc, ip and iptables lie where only root looks.
    private static string SearchPath() => $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin";

    private static void Run(string program, params string[] arguments)
    {
        using var process = ChildProcess.Start(program, arguments);
        if (process.WaitForExit(_limit) != 0)
        {
            throw new InvalidOperationException(process.Describe());
        }
    }

    private static void TryRun(string program, params string[] arguments)
    {
        using var process = ChildProcess.Start(program, arguments);
        process.WaitForExit(_limit);
    }
}
