using System.CommandLine;
using Etcdish.ApiServer;
using Etcdish.ApiServer.Security;

namespace Etcdish.Cli.Verbs;

/// <summary>An API server that answers, for what runs beside it in its process.</summary>
/// <param name="Server">The server.</param>
/// <param name="Certificates">The cluster's authority.</param>
/// <param name="Kubeconfig">Its administrator's kubeconfig.</param>
/// <param name="Folder">The cluster's folder.</param>
/// <param name="Arguments">What the user said.</param>
internal sealed record ReadyApi(
    KubernetesApiServer Server, ClusterCertificates Certificates, string Kubeconfig, string Folder, ParseResult Arguments);
