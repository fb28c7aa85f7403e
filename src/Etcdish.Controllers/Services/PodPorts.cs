using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// The ports of a service as its pods have them. A port by number is the same at all pods; one by name is whatever a pod gives that name,
/// and missing where none has it.
/// </summary>
internal sealed class PodPorts
{
    private readonly ServicePort[] _ports;
    private readonly EndpointPort[]? _same;

    public PodPorts(Service service)
    {
        _ports = service.Spec.Ports;
        _same = Array.Exists(_ports, port => port.TargetPort.IsText) ? null : [.. _ports.Select(port => Make(port, NumberOf(port)))];
    }

    public EndpointPort[] Of(Pod pod)
    {
        if (_same is not null)
        {
            return _same;
        }

        var found = new List<EndpointPort>(_ports.Length);
        foreach (var port in _ports)
        {
            if ((port.TargetPort.Text is { } name ? Find(pod, name, port.Protocol) : NumberOf(port)) is { } number)
            {
                found.Add(Make(port, number));
            }
        }

        return [.. found];
    }

    /// <summary>Tells lists of ports apart, whatever their order.</summary>
    public static string KeyOf(EndpointPort[] ports) => ports.Length switch
    {
        0 => "",
        1 => KeyOf(ports[0]),
        _ => string.Join(',', ports.Select(KeyOf).Order(StringComparer.Ordinal)),
    };

    private static string KeyOf(EndpointPort port) => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}";

    private static int NumberOf(ServicePort port) => port.TargetPort.Number == 0 ? port.Port : port.TargetPort.Number;

    private static EndpointPort Make(ServicePort port, int number) =>
        new() { Name = port.Name, Protocol = port.Protocol, Port = number, AppProtocol = port.AppProtocol };

    private static int? Find(Pod pod, string name, string protocol)
    {
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(c => c.RestartPolicy == "Always")))
        {
            if (Array.Find(container.Ports, port => port.Name == name && port.Protocol == protocol) is { } found)
            {
                return found.Port;
            }
        }

        return null;
    }
}
