using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Routes;

/// <summary>
/// Tells the node's container runtime, or its kubelet if pods are processes, how pods get their addresses: from the node's own range, on a bridge. Writes that as soon as the
/// range is known, and again when it changes; not if there is a configuration of somebody else.
/// </summary>
public sealed class CniConfig
{
    private const string FileName = "10-etcdish.conflist";

    private static readonly string[] _plugins = ["bridge", "host-local", "loopback", "portmap"];
    private static readonly string[] _endings = [".conf", ".conflist", ".json"];

    private readonly ControllerContext _context;
    private readonly CniConfigOptions _options;
    private readonly Informer<Node> _nodes;
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WakeLoop _loop;
    private volatile int _mtu;

    /// <summary>Makes one, which watches nodes.</summary>
    public CniConfig(ControllerContext context, CniConfigOptions options)
    {
        (_context, _options, _mtu) = (context, options, options.Mtu);
        _loop = new WakeLoop(context.Clock);
        _nodes = context.Informers.Of(Resources.Nodes);
        _nodes.Subscribe((before, now) =>
        {
            if ((now ?? before)!.Metadata.Name == _options.NodeName)
            {
                _loop.Wake();
            }
        });
    }

    /// <summary>Completes when there is a configuration, ours or another's.</summary>
    public Task Written => _written.Task;

    /// <summary>Works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        await _loop.RunAsync(_ => Task.FromResult(TryWrite()), cancellation);
    }

    /// <summary>Makes packets of pods that are to come so large, in bytes; 0: as the bridge has them. Those that are there stay as they are.</summary>
    public void SetMtu(int mtu)
    {
        _mtu = mtu;
        _loop.Wake();
    }

    /// <summary>The configuration of a node with these ranges.</summary>
    internal static string TextFor(IEnumerable<IPNetwork> networks, CniConfigOptions options)
    {
        IPNetwork[] all = [.. networks];
        var bridge = new JsonObject
        {
            ["type"] = "bridge",
            ["bridge"] = options.Bridge,
            ["isGateway"] = true,
            ["hairpinMode"] = true,
            ["ipam"] = new JsonObject
            {
                ["type"] = "host-local",
                ["ranges"] = new JsonArray(
                    [.. all.Select(JsonNode (network) => new JsonArray(new JsonObject { ["subnet"] = network.ToString() }))]),
                ["routes"] = new JsonArray([.. all.Select(JsonNode (network) => new JsonObject { ["dst"] = EverywhereLike(network) })]),
            },
        };
        if (options.Mtu > 0)
        {
            bridge["mtu"] = options.Mtu;
        }

        var ports = new JsonObject { ["type"] = "portmap", ["capabilities"] = new JsonObject { ["portMappings"] = true } };
        return new JsonObject { ["cniVersion"] = "1.0.0", ["name"] = "etcdish", ["plugins"] = new JsonArray(bridge, ports) }.ToJsonString();
    }

    private bool TryWrite()
    {
        try
        {
            Write();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _context.Warn($"pods get no network, for its configuration in {_options.ConfigFolder} cannot be written: {e.Message}");
            return false;
        }
    }

    private void Write()
    {
        IPNetwork[] networks = [.. _nodes.All.Where(node => node.Metadata.Name == _options.NodeName).SelectMany(RoutePlan.NetworksOf)];
        Directory.CreateDirectory(_options.ConfigFolder);
        if (networks.Length == 0)
        {
            return;
        }

        if (IsOthers())
        {
            _written.TrySetResult();
            return;
        }

        WarnOfMissingPlugins();
        var (path, text) = (Path.Combine(_options.ConfigFolder, FileName), TextFor(networks, _options with { Mtu = _mtu }));
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            // The runtime reads whatever ends as configurations do: it must not see a part of one.
            File.WriteAllText(path + ".new", text);
            File.Move(path + ".new", path, overwrite: true);
        }

        _written.TrySetResult();
    }

    private bool IsOthers() => Directory.EnumerateFiles(_options.ConfigFolder)
        .Select(path => Path.GetFileName(path))
        .Any(name => name != FileName && _endings.Contains(Path.GetExtension(name)));

    private void WarnOfMissingPlugins()
    {
        string[] missing = [.. _plugins.Where(plugin => !File.Exists(Path.Combine(_options.BinFolder, plugin)))];
        if (missing.Length > 0 && !_written.Task.IsCompleted)
        {
            _context.Warn($"pods get no network before {_options.BinFolder} has {string.Join(", ", missing)} "
                + "(apt-get install containernetworking-plugins)");
        }
    }

    private static string EverywhereLike(IPNetwork network) =>
        network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? "0.0.0.0/0" : "::/0";
}
