using Etcdish.Rpc;

namespace Etcdish.Client.Transport;

/// <summary>Tells failures after which the server cannot have seen the request from those after which it may have run it.</summary>
internal static class DeliveryFailure
{
    /// <summary>
    /// True only when no connection came to be: name resolution, TCP connect or TLS handshake failed. A connection that broke later
    /// proves nothing, and a write behind it must not be repeated.
    /// </summary>
    public static bool NeverLeft(RpcException failure)
    {
        for (Exception? cause = failure.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException http)
            {
                return http.HttpRequestError
                    is HttpRequestError.NameResolutionError
                    or HttpRequestError.ConnectionError
                    or HttpRequestError.SecureConnectionError;
            }
        }

        return false;
    }
}
