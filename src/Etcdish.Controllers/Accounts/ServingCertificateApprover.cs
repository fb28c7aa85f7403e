using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>
/// Approves requests of kubelets for the certificates of their servers: of a node for itself, or of somebody who may approve such requests
/// by hand, and for no name or address that the Node does not have. Others wait for a person.
/// </summary>
public sealed class ServingCertificateApprover : Controller
{
    private readonly Informer<CertificateSigningRequest> _requests;
    private readonly Informer<Node> _nodes;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    public ServingCertificateApprover(ControllerContext context)
        : base("kubelet-serving-approving-controller", context)
    {
        _requests = context.Informers.Of(Resources.CertificateSigningRequests);
        _nodes = context.Informers.Of(Resources.Nodes);
        _requests.Subscribe((_, now) =>
        {
            if (now is not null && IsOpen(now))
            {
                Queue.Add(now.Key);
            }
        });
        _nodes.Subscribe(LookAgain);
    }

    /// <summary>Whether all names and addresses of a request are those of a node.</summary>
    internal static bool AreOf(Node node, AskedCertificate asked)
    {
        var names = Of("Hostname", "InternalDNS", "ExternalDNS").Append(node.Metadata.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var addresses = Of("InternalIP", "ExternalIP")
            .Select(text => IPAddress.TryParse(text, out var address) ? address : null).ToHashSet();
        return asked.DnsNames.TrueForAll(names.Contains) && asked.IpAddresses.TrueForAll(addresses.Contains);

        IEnumerable<string> Of(params string[] types) =>
            node.Status.Addresses.Where(address => types.Contains(address.Type)).Select(address => address.Address);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_requests.Find(key) is not { } request || !IsOpen(request))
        {
            return;
        }

        var asked = AskedCertificate.Read(request.Spec.Request);
        if (SignerRules.FindFault(SignerRules.KubeletServing, asked, request.Spec.Usages) is not null
            || _nodes.Find("", asked.CommonName[SignerRules.NodePrefix.Length..]) is not { } node
            || !AreOf(node, asked)
            || !(IsNodeItself(request, asked) || await MayApproveAsync(request, cancellation)))
        {
            return;
        }

        var message = $"Auto approving kubelet serving certificate: all names and addresses are those of node {node.Metadata.Name}.";
        await CertificateApprover.AddConditionAsync(
            Context.Client, request, CertificateApprover.Condition("Approved", "AutoApproved", message), "approval", cancellation);
    }

    private static bool IsOpen(CertificateSigningRequest request) =>
        request.Spec.SignerName == SignerRules.KubeletServing && request.Status.Certificate.Length == 0
        && !request.Status.Is("Approved") && !request.Status.Is("Denied");

    private static bool IsNodeItself(CertificateSigningRequest request, AskedCertificate asked) =>
        request.Spec.Username == asked.CommonName && request.Spec.Groups.Contains(SignerRules.NodesGroup);

    /// <summary>Who may approve by hand need not be made to.</summary>
    private Task<bool> MayApproveAsync(CertificateSigningRequest request, CancellationToken cancellation) => RequesterRights.AskAsync(
        Context.Client,
        request,
        new JsonObject
        {
            ["group"] = "certificates.k8s.io",
            ["resource"] = "signers",
            ["verb"] = "approve",
            ["name"] = SignerRules.KubeletServing,
        },
        cancellation);

    /// <summary>A request may come before the node tells the address that it is for.</summary>
    private void LookAgain(Node? before, Node? now)
    {
        if (now is null || (before is not null && Addresses(before).SequenceEqual(Addresses(now))))
        {
            return;
        }

        foreach (var request in _requests.All.Where(IsOpen))
        {
            Queue.Add(request.Key);
        }

        static IEnumerable<(string Type, string Address)> Addresses(Node node) =>
            node.Status.Addresses.Select(address => (address.Type, address.Address));
    }
}
