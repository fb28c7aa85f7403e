using System.Net.Http.Headers;

namespace Etcdish.Kubernetes.Client;

/// <summary>Adds a token to every request.</summary>
/// <param name="token">The token, if there is no file of it.</param>
/// <param name="file">The file that holds it.</param>
/// <param name="clock">The clock by which the file is read again.</param>
/// <param name="inner">Sends requests.</param>
internal sealed class BearerHandler(string? token, string? file, TimeProvider clock, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan _goodFor = TimeSpan.FromMinutes(1);
    private volatile Known? _known;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(cancellationToken));
        return await base.SendAsync(request, cancellationToken);
    }

    private async ValueTask<string> TokenAsync(CancellationToken cancellation)
    {
        if (file is null)
        {
            return token!;
        }

        var known = _known;
        if (known is null || clock.GetElapsedTime(known.ReadAt) > _goodFor)
        {
            _known = known = new Known((await File.ReadAllTextAsync(file, cancellation)).Trim(), clock.GetTimestamp());
        }

        return known.Token;
    }

    private sealed record Known(string Token, long ReadAt);
}
