using System.Collections.Concurrent;
using Etcdish.ClusterBench;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>
/// A connection that breaks: before a request is sent, before its answer is read, in the middle of a watch. What has been sent is carried
/// out, whoever gave up on it; <see cref="SettleAsync"/> waits for that.
/// </summary>
internal sealed class FaultyWire(HttpMessageHandler inner, int seed) : DelegatingHandler(inner)
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly ConcurrentDictionary<Task, bool> _sent = [];

    /// <summary>Whether anything breaks.</summary>
    public bool IsFaulty { get; set; } = true;

    /// <summary>Waits until all that was sent has been answered.</summary>
    public async Task SettleAsync() => await Task.WhenAll(_sent.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Get)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (IsFaulty && request.RequestUri!.Query.Contains("watch=true", StringComparison.Ordinal))
            {
                response.Content = new StreamContent(
                    new BreakingStream(await response.Content.ReadAsStreamAsync(cancellationToken), Draw(200_000)));
            }

            return response;
        }

        var fault = IsFaulty ? Draw(10) : 9;
        if (fault == 0)
        {
            throw new HttpRequestException("the connection broke before the request was sent");
        }

        var sent = base.SendAsync(request, CancellationToken.None);
        _sent[sent] = true;
        var answer = await sent.WaitAsync(cancellationToken);
        _sent.TryRemove(sent, out _);
        return fault == 1 ? throw new HttpRequestException("the connection broke before the answer came") : answer;
    }

    private int Draw(int below)
    {
        lock (_lock)
        {
            return _random.Next(below);
        }
    }

    /// <summary>Breaks after so many bytes.</summary>
    private sealed class BreakingStream(Stream inner, int left) : WatchStream(inner)
    {
        private int _left = left;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await Inner.ReadAsync(buffer[..Math.Min(buffer.Length, Math.Max(_left, 1))], cancellationToken);
            _left -= read;
            return _left > 0 ? read : throw new IOException("the watch broke");
        }
    }
}
