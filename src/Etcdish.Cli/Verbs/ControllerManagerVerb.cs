using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Controllers;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish controller-manager: the controllers alone, on any cluster.</summary>
internal sealed class ControllerManagerVerb
{
    private readonly Option<string?> _authority = new("--root-ca-file")
    {
        Description = "The authority of the API's certificate, for pods to trust it by.",
    };

    private readonly Option<string?> _accountKey = new("--service-account-private-key-file")
    {
        Description = "The key by which the API server knows tokens of service accounts; without it no kept tokens are made.",
    };

    private readonly Option<string?> _signer = new("--cluster-signing-cert-file")
    {
        Description = "The authority that signs certificates for the cluster; without it none are signed.",
    };

    private readonly Option<string?> _signerKey = new("--cluster-signing-key-file") { Description = "Its private key." };

    private ControllerManagerVerb()
    {
    }

    public static Command Command()
    {
        var verb = new ControllerManagerVerb();
        return new ElectedProgram("controller-manager", "kube-controller-manager").Command(
            """
            Run the controllers of a cluster by its API, of whatever make. Of several that run, one works.

            Examples:
              etcdish controller-manager --kubeconfig admin.kubeconfig
              etcdish controller-manager --kubeconfig admin.kubeconfig --leader-elect=false
            """,
            verb.RunAsync,
            verb._authority,
            verb._accountKey,
            verb._signer,
            verb._signerKey);
    }

    private async Task RunAsync(KubernetesClient client, ParseResult parsed, CancellationToken cancellation)
    {
        using var signer = ReadSigner(parsed);
        var options = new ControllerOptions
        {
            AuthorityPem = ReadText(parsed.GetValue(_authority)),
            AccountKeyPem = ReadText(parsed.GetValue(_accountKey)),
            SigningAuthority = signer,
        };
        await ClusterProgram.RunControllersAsync(client, options, cancellation);
    }

    private static string? ReadText(string? path) => path is null ? null : File.ReadAllText(path);

    private X509Certificate2? ReadSigner(ParseResult parsed) => (parsed.GetValue(_signer), parsed.GetValue(_signerKey)) switch
    {
        (null, null) => null,
        ({ } certificate, { } key) => X509Certificate2.CreateFromPemFile(certificate, key),
        _ => throw new ArgumentException("--cluster-signing-cert-file and --cluster-signing-key-file come together"),
    };
}
