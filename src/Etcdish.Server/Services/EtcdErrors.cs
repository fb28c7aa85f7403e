using System.Diagnostics.CodeAnalysis;
using Etcdish.Rpc;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>Turns the store's refusals into the statuses that etcd's clients match on.</summary>
internal static class EtcdErrors
{
    /// <summary>The status of a refusal.</summary>
    public static RpcException ToRpc(this EtcdError error) => new((StatusCode)error.Code, error.Message);

    /// <summary>Throws when there is a refusal.</summary>
    public static void ThrowIfRefused(EtcdError? error)
    {
        if (error is not null)
        {
            throw error.ToRpc();
        }
    }

    /// <summary>
    /// The status of an exception that a handler may meet; anything else is a fault of the server and passes as it is.
    /// </summary>
    public static bool TryTranslate(Exception exception, [NotNullWhen(true)] out RpcException? status)
    {
        status = exception switch
        {
            EtcdException refusal => refusal.Error.ToRpc(),
            MalformedRequestException malformed =>
                new RpcException(StatusCode.Internal, "grpc: error unmarshalling request: " + malformed.Message, malformed),
            _ => null,
        };
        return status is not null;
    }
}
