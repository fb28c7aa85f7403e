using System.Collections.Frozen;
using Google.Protobuf.Reflection;

namespace Etcdish.Rpc;

/// <summary>
/// The services of a server, each from its generated descriptor with a handler for every method. A method left without
/// a handler is an error when the server is made, not when the first client calls it.
/// </summary>
public sealed class RpcServices
{
    private readonly List<RpcService> _services = [];

    /// <summary>Adds a service; give the answer its handlers.</summary>
    /// <param name="descriptor">From the generated reflection class of the .proto file.</param>
    /// <exception cref="ArgumentException">The service was added before.</exception>
    public RpcService AddService(ServiceDescriptor descriptor)
    {
        if (_services.Exists(service => service.FullName == descriptor.FullName))
        {
            throw new ArgumentException($"The service {descriptor.FullName} was added before.", nameof(descriptor));
        }

        var added = new RpcService(descriptor);
        _services.Add(added);
        return added;
    }

    internal FrozenDictionary<string, RpcMethod> Build()
    {
        var methods = new Dictionary<string, RpcMethod>(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (RpcService service in _services)
        {
            foreach (MethodDescriptor descriptor in service.Descriptor.Methods)
            {
                if (service.InvokerOf(descriptor.Name) is { } invoker)
                {
                    var method = new RpcMethod(descriptor, methods.Count, invoker, service.IsInline(descriptor.Name));
                    methods.Add(method.FullName, method);
                }
                else
                {
                    missing.Add($"/{service.FullName}/{descriptor.Name}");
                }
            }
        }

        return missing.Count == 0
            ? methods.ToFrozenDictionary(StringComparer.Ordinal)
            : throw new InvalidOperationException($"No handler was given for {string.Join(", ", missing)}.");
    }
}
