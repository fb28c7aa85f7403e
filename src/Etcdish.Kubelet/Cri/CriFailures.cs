using Etcdish.Kubelet.Runtime;
using Etcdish.Rpc;

namespace Etcdish.Kubelet.Cri;

/// <summary>What a runtime's failures are to those who called it.</summary>
internal static class CriFailures
{
    /// <summary>Takes "there is no such thing" for success: what was to go is gone.</summary>
    public static async Task UnlessAbsent(this Task call)
    {
        try
        {
            await call;
        }
        catch (RuntimeException e) when (e.IsAbsent)
        {
            // Gone already, by a call whose answer was lost or by somebody else.
        }
    }

    /// <summary>Whether a runtime does not have what it was asked for at all.</summary>
    public static bool IsUnimplemented(this RuntimeException failure) =>
        failure.InnerException is RpcException { Code: StatusCode.Unimplemented };

    /// <summary>Whether a runtime says that time ran out.</summary>
    public static bool IsTimeout(this RuntimeException failure) =>
        failure.InnerException is RpcException { Code: StatusCode.DeadlineExceeded };
}
