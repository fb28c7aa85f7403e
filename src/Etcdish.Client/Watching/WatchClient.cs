using Etcdish.Client.Calls;
using Etcdish.Protos;

namespace Etcdish.Client;

/// <summary>
/// Follows changes. Each watch has a stream of its own, so that a reader who is slow holds back its own events through HTTP/2 flow
/// control, and nobody else's.
/// </summary>
public sealed class WatchClient
{
    private readonly CallInvoker _calls;

    internal WatchClient(CallInvoker calls)
    {
        _calls = calls;
    }

    /// <summary>Watches a range from now on.</summary>
    public Watcher Watch(KeyRange range) => Watch(new WatchCreateRequest { Key = range.Key, RangeEnd = range.End });

    /// <summary>
    /// Watches as the request says; its watch id and fragment flag are ignored. The stream opens when the watcher is enumerated.
    /// </summary>
    public Watcher Watch(WatchCreateRequest request) => new(_calls, request);
}
