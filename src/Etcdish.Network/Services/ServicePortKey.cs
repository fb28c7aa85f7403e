namespace Etcdish.Network.Services;

/// <summary>Which port of which service.</summary>
/// <param name="Namespace">The service's namespace.</param>
/// <param name="Service">The service's name.</param>
/// <param name="Port">The port's name; empty: it has none.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
internal readonly record struct ServicePortKey(string Namespace, string Service, string Port, string Protocol)
{
    /// <inheritdoc/>
    public override string ToString() => Port.Length == 0 ? $"{Namespace}/{Service}" : $"{Namespace}/{Service}:{Port}";
}
