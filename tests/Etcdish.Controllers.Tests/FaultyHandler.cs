namespace Etcdish.Controllers.Tests;

/// <summary>Loses writes, or the answers to them: one in ten of each.</summary>
internal sealed class FaultyHandler(HttpMessageHandler inner, int seed) : DelegatingHandler(inner)
{
    private readonly Random _random = new(seed);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var fate = request.Method == HttpMethod.Get ? 99 : Draw();
        if (fate < 10)
        {
            throw new HttpRequestException("the request was lost");
        }

        var answer = await base.SendAsync(request, cancellationToken);
        if (fate < 20)
        {
            answer.Dispose();
            throw new HttpRequestException("the answer was lost");
        }

        return answer;
    }

    private int Draw()
    {
        lock (_random)
        {
            return _random.Next(100);
        }
    }
}
