using Google.Protobuf.Reflection;

namespace Etcdish.Rpc;

/// <summary>A method of a registered service.</summary>
public sealed class RpcMethod
{
    internal RpcMethod(MethodDescriptor descriptor, int index, CallInvoker invoker, bool isInline)
    {
        Service = descriptor.Service.FullName;
        Name = descriptor.Name;
        FullName = $"/{Service}/{Name}";
        IsClientStreaming = descriptor.IsClientStreaming;
        IsServerStreaming = descriptor.IsServerStreaming;
        Index = index;
        Invoker = invoker;
        IsInline = isInline;
    }

    /// <summary>Full name of the service, such as <c>etcdserverpb.KV</c>.</summary>
    public string Service { get; }

    /// <summary>Name without the service, such as <c>Range</c>.</summary>
    public string Name { get; }

    /// <summary>The request path, such as <c>/etcdserverpb.KV/Range</c>.</summary>
    public string FullName { get; }

    /// <summary>Whether the client may send any number of messages.</summary>
    public bool IsClientStreaming { get; }

    /// <summary>Whether the server may send any number of messages.</summary>
    public bool IsServerStreaming { get; }

    /// <summary>Position among all methods of the server, from 0 without gaps: lets an observer keep its counters in an array.</summary>
    public int Index { get; }

    internal CallInvoker Invoker { get; }

    /// <summary>Whether the handler may begin on the connection's read loop, see <see cref="RpcService.RawUnary"/>.</summary>
    internal bool IsInline { get; }

    internal bool IsStreaming => IsClientStreaming || IsServerStreaming;

    /// <inheritdoc/>
    public override string ToString() => FullName;
}
