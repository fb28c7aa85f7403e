using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Admission;

/// <summary>
/// One link of the chain that every write goes through behind authorization. It may run more than once for one request, when the write is
/// tried again.
/// </summary>
internal interface IAdmissionPlugin
{
    /// <summary>The name of the plugin, as Kubernetes calls it.</summary>
    string Name { get; }

    /// <summary>Whether the plugin has anything to do with such a request.</summary>
    bool Handles(AdmissionRequest request);

    /// <summary>Changes the object, before it is checked.</summary>
    /// <exception cref="ApiException">The write is refused.</exception>
    ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Judges the object as it will be stored.</summary>
    /// <exception cref="ApiException">The write is refused.</exception>
    ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>
    /// The stored object goes in this very write: what the plugin gave it comes back by <see cref="AdmissionRequest.Companions"/>. Asked of
    /// every plugin, and too late to refuse.
    /// </summary>
    ValueTask ReleaseAsync(AdmissionRequest request, CancellationToken cancellation) => ValueTask.CompletedTask;
}
