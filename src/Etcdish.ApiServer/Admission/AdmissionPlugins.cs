using Etcdish.ApiServer.Admission.Quota;
using Etcdish.ApiServer.Allocation;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security;

namespace Etcdish.ApiServer.Admission;

/// <summary>The chain of a server.</summary>
internal static class AdmissionPlugins
{
    /// <summary>All plugins in the order in which they act, which is that of Kubernetes.</summary>
    /// <remarks>PodTopologyLabels is part of binding, the only thing it concerns.</remarks>
    public static IReadOnlyList<IAdmissionPlugin> InOrder(
        ClusterObjects objects, MetadataRules metadata, SecurityServices security, ServiceNetwork network) =>
    [
        .. security.Plugins,
        new NamespaceLifecycle(objects),
        new LimitRanger(objects),
        new ServiceAccount(objects),
        new NodeRestriction(objects),
        new TaintNodesByCondition(),
        new PodPriority(objects),
        new DefaultTolerationSeconds(),
        new DefaultStorageClass(objects),
        new StorageObjectInUseProtection(),
        new PersistentVolumeClaimResize(objects),
        new RuntimeClass(objects),
        new CertificateRequester(),
        new CertificateApproval(security.Authorizer, metadata),
        new CertificateSigning(security.Authorizer, metadata),
        new CertificateSubjectRestriction(),
        new DefaultIngressClass(objects),
        network.Plugin,
        new ResourceQuota(objects),
    ];
}
