using System.Security.Cryptography;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet.Certificates;

/// <summary>
/// The API as a node that has its certificate by <see cref="NodeKubeconfig"/>: it is renewed when four fifths of its life are over, and
/// used from then on, while the kubelet works.
/// </summary>
public sealed class NodeAccess : IDisposable
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _longestSleep = TimeSpan.FromDays(1);

    private readonly string _path;
    private readonly string _bootstrap;
    private readonly string _node;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly ReplaceableHandler _handler;
    private ClusterAccess _access;

    private NodeAccess(string path, string bootstrap, string node, TimeProvider clock, Action<string> warn)
    {
        (_path, _bootstrap, _node, _clock, _warn) = (path, bootstrap, node, clock, warn);
        _access = KubeconfigFile.Read(path);
        _handler = new ReplaceableHandler(_access.MakeHandler());
        Client = new KubernetesClient(_handler, _access.Server, "kubelet");
    }

    /// <summary>The API, as the node; by the newest certificate.</summary>
    public KubernetesClient Client { get; }

    /// <summary>Opens it by a kubeconfig, which is made if there is none.</summary>
    /// <param name="path">The node's kubeconfig.</param>
    /// <param name="bootstrap">The kubeconfig of who asks if there is none, or if the node's own certificate is over.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="warn">Is told what an operator should know of.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">A file cannot be read or written, or no certificate is to be had; the message says why.</exception>
    /// <exception cref="FormatException">A file is no kubeconfig.</exception>
    public static async Task<NodeAccess> OpenAsync(
        string path, string bootstrap, string node, TimeProvider clock, Action<string> warn, CancellationToken cancellation)
    {
        await NodeKubeconfig.EnsureAsync(path, bootstrap, node, clock, warn, cancellation);
        return new NodeAccess(path, bootstrap, node, clock, warn);
    }

    /// <summary>Renews the certificate in time, until it is cancelled. What fails is told, and tried again.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        // Who is known by something else, such as a token, has nothing to renew.
        for (var pause = _firstPause; _access.Certificate is { } current;)
        {
            var rest = CertificateLife.RenewalOf(current) - _clock.GetUtcNow();
            if (rest > TimeSpan.Zero)
            {
                await Task.Delay(rest < _longestSleep ? rest : _longestSleep, _clock, cancellation);
            }
            else
            {
                // Also behind one that was given and is as good as over: the signer's clock may be another.
                pause = await TryRenewAsync(cancellation) ? _firstPause : pause * 2 < _longestPause ? pause * 2 : _longestPause;
                await Task.Delay(pause, _clock, cancellation);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Client.Dispose();

    private async Task<bool> TryRenewAsync(CancellationToken cancellation)
    {
        try
        {
            await NodeKubeconfig.EnsureAsync(_path, _bootstrap, _node, _clock, _warn, cancellation);
            _access = KubeconfigFile.Read(_path);
            _handler.Replace(_access.MakeHandler());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or CryptographicException)
        {
            _warn($"the node's certificate cannot be renewed: {e.Message}");
            return false;
        }
    }
}
