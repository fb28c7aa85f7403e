using Etcdish.ClusterBench;

namespace Etcdish.Controllers.Tests.History;

/// <summary>
/// A connection on which requests get lost before or behind the server, writes meet conflicts, and watches break off. What was sent is
/// carried out to its end even if nobody waits for it any more, so that a controller that has ended does nothing further.
/// </summary>
internal sealed class FaultyHandler(HttpMessageHandler inner, int seed) : DelegatingHandler(inner)
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);

    /// <summary>Whether nothing goes wrong any more.</summary>
    public bool IsMended { get; set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri!.Query.Contains("watch=true"))
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (!IsMended)
            {
                var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
                response.Content = new StreamContent(new BreakingStream(stream, Draw(5, 60)));
            }

            return response;
        }

        var fate = IsMended ? 100 : Draw(0, 100);
        if (fate < 5)
        {
            throw new HttpRequestException("lost on its way");
        }

        if (fate < 8 && request.Method != HttpMethod.Get && request.Method != HttpMethod.Post)
        {
            return new HttpResponseMessage(System.Net.HttpStatusCode.Conflict)
            {
                Content = new StringContent("""{"kind":"Status","reason":"Conflict","message":"somebody was faster","code":409}"""),
            };
        }

        var answer = await base.SendAsync(request, CancellationToken.None);
        if (fate < 13)
        {
            answer.Dispose();
            throw new HttpRequestException("its answer was lost");
        }

        return answer;
    }

    private int Draw(int from, int below)
    {
        lock (_lock)
        {
            return _random.Next(from, below);
        }
    }

    /// <summary>Breaks off after so many reads.</summary>
    private sealed class BreakingStream(Stream inner, int reads) : WatchStream(inner)
    {
        private int _left = reads;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _left-- > 0 ? await Inner.ReadAsync(buffer, cancellationToken) : throw new IOException("the connection broke");
    }
}
