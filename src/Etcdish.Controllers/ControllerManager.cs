using Etcdish.Controllers.Accounts;
using Etcdish.Controllers.DaemonSets;
using Etcdish.Controllers.Garbage;
using Etcdish.Controllers.Jobs;
using Etcdish.Controllers.Nodes;
using Etcdish.Controllers.Policy;
using Etcdish.Controllers.Services;
using Etcdish.Controllers.StatefulSets;
using Etcdish.Controllers.Volumes;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Controllers;

/// <summary>All controllers of a cluster. They share informers, and know each other only by what they write.</summary>
public sealed class ControllerManager : IDisposable
{
    private readonly ControllerContext _context;
    private readonly (Controller Controller, int Workers)[] _controllers;

    /// <summary>Makes them; they ask for their informers.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="options">What must be known of the cluster; null: nothing is.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public ControllerManager(ControllerContext context, ControllerOptions? options = null)
    {
        options ??= new ControllerOptions();
        _context = context;
        var servicePods = new ServicePods(context);
        var claimUsers = new ClaimUsers(context);
        _controllers =
        [
            (new DaemonSetController(context), 2),
            (new DeploymentController(context), 5),
            (new ReplicaSetController(context), 5),
            (new ReplicationManager(context), 5),
            (new StatefulSetController(context), 5),
            (new JobController(context), 5),
            (new OrphanPodController(context), 1),
            (new FinishedJobController(context), 1),
            (new CronJobController(context), 5),
            (new DefaultAccountController(context), 2),
            .. options.AuthorityPem is { } pem ? [(new RootAuthorityController(context, pem), 2)] : Array.Empty<(Controller, int)>(),
            .. options.AccountKeyPem is { } key
                ? [(new AccountTokenController(context, AccountKey.Read(key), options.AuthorityPem), 2)]
                : Array.Empty<(Controller, int)>(),
            (new BootstrapTokenCleaner(context), 1),
            (new CertificateApprover(context), 1),
            (new ServingCertificateApprover(context), 1),
            (new CertificateCleaner(context), 1),
            (new GarbageCollector(context, !options.IsBesideServer), 8),
            (new NodeLifecycleController(context), 4),
            .. options.PodNetwork is { } network
                ? [(new NodeRangeController(context, network, options.NodeMaskSize, options.NodeMaskSizeV6), 2)]
                : Array.Empty<(Controller, int)>(),
            (new NodeTtlController(context), 1),
            (new PodCollector(context, options.MaxFinishedPods), 4),
            (new TaintEvictionController(context), 4),
            .. options.SigningAuthority is { } authority
                ? [(new CertificateSigner(context, authority, options.CertificateLife), 1)]
                : Array.Empty<(Controller, int)>(),
            (new EndpointSliceController(context, servicePods), 5),
            (new EndpointsController(context, servicePods), 5),
            (new EndpointMirroringController(context), 2),
            (new ServiceAddressController(context), 1),
            (new VolumeBinder(context, claimUsers), 4),
            (new ClaimProtectionController(context, claimUsers), 2),
            (new VolumeProtectionController(context), 2),
            (new EphemeralVolumeController(context, claimUsers), 2),
            (new LocalPathProvisioner(context, options.LocalPath), 4),
            (new LocalPathResizer(context), 1),
            (new DisruptionController(context), 2),
            (new StaleDisruptionController(context), 1),
            (new AutoscalerController(context), 5),
            (new QuotaController(context), 1),
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
