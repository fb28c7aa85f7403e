namespace Etcdish.ApiServer.Admission;

/// <summary>The plugins in the order in which they act: all of them change, then all of them judge.</summary>
/// <param name="plugins">The plugins, first to last.</param>
internal sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins)
{
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        foreach (var plugin in plugins)
        {
            if (plugin.Handles(request))
            {
                await plugin.AdmitAsync(request, cancellation);
            }
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        foreach (var plugin in plugins)
        {
            if (plugin.Handles(request))
            {
                await plugin.ValidateAsync(request, cancellation);
            }
        }
    }

    public async ValueTask ReleaseAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        foreach (var plugin in plugins)
        {
            await plugin.ReleaseAsync(request, cancellation);
        }
    }
}
