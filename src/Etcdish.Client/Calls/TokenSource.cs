using Etcdish.Client.Transport;
using Etcdish.Protos;
using Etcdish.Rpc;

namespace Etcdish.Client.Calls;

/// <summary>Holds the auth token: a given one for ever, or one got by name and password and replaced when the server refuses it.</summary>
internal sealed class TokenSource(EtcdClientOptions options) : IDisposable
{
    private readonly SemaphoreSlim _oneLogin = new(1, 1);
    private volatile string? _token = options.Token;

    /// <summary>True when a refused token can be replaced.</summary>
    public bool CanRenew => options.Username is not null;

    public async ValueTask<string?> GetAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        if (_token is not null || !CanRenew)
        {
            return _token;
        }

        await _oneLogin.WaitAsync(cancellationToken);
        try
        {
            return _token ??= await LogInAsync(endpoint, cancellationToken);
        }
        finally
        {
            _oneLogin.Release();
        }
    }

    /// <summary>Forgets a token that the server refused, unless another call has already replaced it.</summary>
    public void Discard(string? refused) => Interlocked.CompareExchange(ref _token, null, refused);

    /// <summary>The server refused the token itself, so the request did not run.</summary>
    public static bool IsTokenRefusal(RpcException failure) => failure.Message
        is "etcdserver: invalid auth token"
        or "etcdserver: revision of auth store is old"
        or "etcdserver: user name is empty";

    public void Dispose() => _oneLogin.Dispose();

    private async Task<string?> LogInAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        AuthenticateRequest login = new() { Name = options.Username, Password = options.Password };
        try
        {
            AuthenticateResponse answer = await endpoint.Channel.UnaryAsync(EtcdMethods.Authenticate, login, default, cancellationToken);
            return answer.Token;
        }
        catch (RpcException e) when (e.Message == "etcdserver: authentication is not enabled")
        {
            return "";
        }
    }
}
