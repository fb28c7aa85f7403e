using System.Text.Json.Nodes;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// Objects that pods of this node name, as the API has them: read when first asked for, and followed by a watch of the one object while a
/// pod here uses it. Safe for use by many threads. Objects are shared and never changed.
/// </summary>
internal interface IObjectSource
{
    /// <summary>A config map; null: there is none.</summary>
    Task<JsonObject?> FindConfigMapAsync(string ns, string name, CancellationToken cancellation);

    /// <summary>A secret; null: there is none.</summary>
    Task<JsonObject?> FindSecretAsync(string ns, string name, CancellationToken cancellation);

    /// <summary>Any other object, asked of the API anew; null: there is none.</summary>
    /// <param name="path">Its path, such as <c>/api/v1/persistentvolumes/a</c>.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<JsonObject?> FindAsync(string path, CancellationToken cancellation);

    /// <summary>Completes when all services are known: a container that starts before would lack those in its environment.</summary>
    Task ServicesSynced { get; }

    /// <summary>All services of a namespace and, of the namespace default, the service kubernetes.</summary>
    IReadOnlyList<JsonObject> ListServices(string ns);
}
