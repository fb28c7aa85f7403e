using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Etcdish.Rpc;

/// <summary>One service and the handlers of its methods; every method takes exactly one.</summary>
public sealed class RpcService
{
    private readonly Dictionary<string, CallInvoker> _invokers = new(StringComparer.Ordinal);

    private readonly HashSet<string> _inline = new(StringComparer.Ordinal);

    internal RpcService(ServiceDescriptor descriptor) => Descriptor = descriptor;

    /// <summary>Full name, such as <c>etcdserverpb.KV</c>.</summary>
    public string FullName => Descriptor.FullName;

    internal ServiceDescriptor Descriptor { get; }

    /// <summary>A unary method on bytes.</summary>
    /// <param name="method">Name of the method in the .proto file.</param>
    /// <param name="handler">Its handler.</param>
    /// <param name="inline">
    /// Whether the handler may begin on the read loop of its connection, which saves a turn of the thread pool. All calls of the connection
    /// wait while it does: only for a handler that reaches its first await, or its end, within microseconds whatever the request says, and
    /// never blocks before it. Default: it begins on the thread pool.
    /// </param>
    /// <exception cref="ArgumentException">No such method, another kind of method, or it has a handler.</exception>
    public RpcService RawUnary(string method, RawUnaryHandler handler, bool inline = false)
    {
        Find(method, clientStreaming: false, serverStreaming: false);
        Add(method, call => Invokers.RawUnaryAsync(call, handler));
        if (inline)
        {
            _inline.Add(method);
        }

        return this;
    }

    /// <summary>A streaming method of any kind on bytes.</summary>
    /// <param name="method">Name of the method in the .proto file.</param>
    /// <param name="handler">Its handler.</param>
    /// <exception cref="ArgumentException">No such method, a unary method, or it has a handler.</exception>
    public RpcService RawStream(string method, RawStreamHandler handler)
    {
        MethodDescriptor descriptor = Find(method);
        if (!descriptor.IsClientStreaming && !descriptor.IsServerStreaming)
        {
            throw new ArgumentException($"{descriptor.FullName} is unary.", nameof(method));
        }

        return Add(method, call => Invokers.RawStreamAsync(call, handler));
    }

    /// <summary>A unary method.</summary>
    /// <typeparam name="TRequest">The request message.</typeparam>
    /// <typeparam name="TResponse">The response message.</typeparam>
    /// <param name="method">Name of the method in the .proto file.</param>
    /// <param name="handler">Its handler.</param>
    /// <exception cref="ArgumentException">No such method, another kind or other messages, or it has a handler.</exception>
    public RpcService Unary<TRequest, TResponse>(string method, UnaryHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        Find<TRequest, TResponse>(method, clientStreaming: false, serverStreaming: false);
        return Add(method, call => Invokers.UnaryAsync(call, handler));
    }

    /// <summary>A method with one request and a stream of responses.</summary>
    /// <typeparam name="TRequest">The request message.</typeparam>
    /// <typeparam name="TResponse">The response message.</typeparam>
    /// <param name="method">Name of the method in the .proto file.</param>
    /// <param name="handler">Its handler.</param>
    /// <exception cref="ArgumentException">No such method, another kind or other messages, or it has a handler.</exception>
    public RpcService ServerStream<TRequest, TResponse>(string method, ServerStreamHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        Find<TRequest, TResponse>(method, clientStreaming: false, serverStreaming: true);
        return Add(method, call => Invokers.ServerStreamAsync(call, handler));
    }

    /// <summary>A method with a stream of requests and one response.</summary>
    /// <typeparam name="TRequest">The request message.</typeparam>
    /// <typeparam name="TResponse">The response message.</typeparam>
    /// <param name="method">Name of the method in the .proto file.</param>
    /// <param name="handler">Its handler.</param>
    /// <exception cref="ArgumentException">No such method, another kind or other messages, or it has a handler.</exception>
    public RpcService ClientStream<TRequest, TResponse>(string method, ClientStreamHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        Find<TRequest, TResponse>(method, clientStreaming: true, serverStreaming: false);
        return Add(method, call => Invokers.ClientStreamAsync(call, handler));
    }

    /// <summary>A method with streams both ways.</summary>
    /// <typeparam name="TRequest">The request message.</typeparam>
    /// <typeparam name="TResponse">The response message.</typeparam>
    /// <param name="method">Name of the method in the .proto file.</param>
    /// <param name="handler">Its handler.</param>
    /// <exception cref="ArgumentException">No such method, another kind or other messages, or it has a handler.</exception>
    public RpcService Duplex<TRequest, TResponse>(string method, DuplexHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        Find<TRequest, TResponse>(method, clientStreaming: true, serverStreaming: true);
        return Add(method, call => Invokers.DuplexAsync(call, handler));
    }

    internal CallInvoker? InvokerOf(string method) => _invokers.GetValueOrDefault(method);

    internal bool IsInline(string method) => _inline.Contains(method);

    private RpcService Add(string method, CallInvoker invoker) =>
        _invokers.TryAdd(method, invoker) ? this : throw new ArgumentException($"/{FullName}/{method} has a handler.", nameof(method));

    private void Find<TRequest, TResponse>(string method, bool clientStreaming, bool serverStreaming)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        MethodDescriptor descriptor = Find(method, clientStreaming, serverStreaming);
        string takes = new TRequest().Descriptor.FullName;
        string answers = new TResponse().Descriptor.FullName;
        if (descriptor.InputType.FullName != takes || descriptor.OutputType.FullName != answers)
        {
            throw new ArgumentException(
                $"{descriptor.FullName} takes {descriptor.InputType.FullName} and answers {descriptor.OutputType.FullName}, "
                + $"the handler {takes} and {answers}.",
                nameof(method));
        }
    }

    private MethodDescriptor Find(string method, bool clientStreaming, bool serverStreaming)
    {
        MethodDescriptor descriptor = Find(method);
        return descriptor.IsClientStreaming == clientStreaming && descriptor.IsServerStreaming == serverStreaming
            ? descriptor
            : throw new ArgumentException($"{descriptor.FullName} is of another kind: look at its \"stream\" keywords.", nameof(method));
    }

    private MethodDescriptor Find(string method) =>
        Descriptor.FindMethodByName(method)
        ?? throw new ArgumentException($"The service {FullName} has no method {method}.", nameof(method));
}
