using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;

namespace Etcdish.Kubernetes.Control;

/// <summary>What every controller of a program shares.</summary>
/// <param name="Client">The API.</param>
/// <param name="Informers">What is known of it.</param>
/// <param name="Events">Tells users what controllers did.</param>
/// <param name="Clock">The clock of all decisions.</param>
/// <param name="Warn">Is told, a line each, what an operator should know of.</param>
public sealed record ControllerContext(
    KubernetesClient Client, SharedInformers Informers, EventRecorder Events, TimeProvider Clock, Action<string> Warn);
