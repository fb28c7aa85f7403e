using Etcdish.Controllers.Services;
using Etcdish.Controllers.Volumes;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Controllers;

/// <summary>All controllers of a cluster. They share informers, and know each other only by what they write.</summary>
public sealed class ControllerManager : IDisposable
{
    private readonly ControllerContext _context;
    private readonly (Controller Controller, int Workers)[] _controllers;

    /// <summary>Makes them; they ask for their informers.</summary>
    /// <param name="context">What they share.</param>
    /// <param name="localPath">Where volumes are that are folders of nodes; null: at the usual place.</param>
    public ControllerManager(ControllerContext context, LocalPath? localPath = null)
    {
        _context = context;
        var servicePods = new ServicePods(context);
        var claimUsers = new ClaimUsers(context);
        _controllers =
        [
            (new EndpointSliceController(context, servicePods), 5),
            (new EndpointsController(context, servicePods), 5),
            (new EndpointMirroringController(context), 2),
            (new ServiceAddressController(context), 1),
            (new VolumeBinder(context, claimUsers), 4),
            (new ClaimProtectionController(context, claimUsers), 2),
            (new VolumeProtectionController(context), 2),
            (new EphemeralVolumeController(context, claimUsers), 2),
            (new LocalPathProvisioner(context, localPath ?? new LocalPath()), 4),
            (new LocalPathResizer(context), 1),
        ];
    }

    /// <summary>Starts informers, then controllers; works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        await Task.WhenAll(_controllers.Select(c => c.Controller.RunAsync(c.Workers, cancellation)));
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_controllers, c => c.Controller.Dispose());
}
