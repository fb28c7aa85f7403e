using Etcdish.Controllers.Jobs;
using Etcdish.Controllers.Policy;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Controllers;

/// <summary>All controllers of a cluster. They share informers, and know each other only by what they write.</summary>
public sealed class ControllerManager : IDisposable
{
    private readonly ControllerContext _context;
    private readonly (Controller Controller, int Workers)[] _controllers;

    /// <summary>Makes them; they ask for their informers.</summary>
    public ControllerManager(ControllerContext context)
    {
        _context = context;
        _controllers =
        [
            (new JobController(context), 5),
            (new OrphanPodController(context), 1),
            (new FinishedJobController(context), 1),
            (new CronJobController(context), 5),
            (new DisruptionController(context), 2),
            (new StaleDisruptionController(context), 1),
            (new AutoscalerController(context), 5),
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
