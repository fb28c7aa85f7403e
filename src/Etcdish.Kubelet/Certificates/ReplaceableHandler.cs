namespace Etcdish.Kubelet.Certificates;

/// <summary>
/// Sends requests by a handler that may be replaced at any time. Those that are under way, such as watches, end by the one that they began
/// with. It is closed when the next replaces its successor: until then nobody can still be about to use it, and connections that rest close
/// by themselves.
/// </summary>
/// <param name="first">The first handler. Closed with this.</param>
internal sealed class ReplaceableHandler(HttpMessageHandler first) : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private volatile HttpMessageInvoker _current = new(first);
    private HttpMessageInvoker? _former;

    /// <summary>Sends what comes from now on by another, which is closed with this.</summary>
    public void Replace(HttpMessageHandler next)
    {
        lock (_lock)
        {
            _former?.Dispose();
            _former = _current;
            _current = new HttpMessageInvoker(next);
        }
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _current.SendAsync(request, cancellationToken);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_lock)
            {
                _former?.Dispose();
                _current.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}
