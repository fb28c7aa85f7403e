using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>Tells the operator and the service's users (by an event) what goes wrong with a port of a service.</summary>
internal sealed class ServiceWarnings
{
    private const string Component = "etcdish-proxy";

    private readonly ControllerContext _context;
    private readonly Informer<Service> _services;

    public ServiceWarnings(ControllerContext context)
    {
        _context = context;
        _services = context.Informers.Of(Resources.Services);
    }

    /// <summary>Tells.</summary>
    public void Tell(ServicePortKey key, string message)
    {
        _context.Warn($"service {key}: {message}");
        if (_services.Find(key.Namespace, key.Service) is { } service)
        {
            _context.Events.Warning(Resources.Services, service, "FailedToProxy", message, Component);
        }
    }
}
