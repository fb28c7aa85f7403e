using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Security;
using Etcdish.Kubernetes.Client;

namespace Etcdish.ApiServer.InProcess;

/// <summary>
/// Sends the requests of a client to a server in the same process: no sockets, no TLS, no credentials, as the client was given its user
/// when
/// it was made. All else is as from outside: roles, limits, admission, and the forms of answers and failures.
/// </summary>
/// <param name="application">The server.</param>
/// <param name="user">Who asks.</param>
/// <param name="stopped">The server is gone.</param>
internal sealed class InProcessHandler(ApiApplication application, RequestUser user, CancellationToken stopped) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (stopped.IsCancellationRequested)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, "the server has stopped");
        }

        var body = request.Content is null ? [] : await WholeContent.ReadAsync(request.Content, cancellationToken);
        return await new InProcessExchange(request, body).RunAsync(http => application.HandleAsync(http, user), cancellationToken);
    }
}
