using System.Threading.Channels;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler;

/// <summary>
/// What the scheduling loop has not yet heard of: changes of objects, in the order of each resource's watch, and outcomes of its own
/// writes.
/// </summary>
internal sealed class Inbox
{
    private readonly Channel<Notice> _notices = Channel.CreateUnbounded<Notice>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Hears of every change of a resource.</summary>
    public void Follow<T>(ControllerContext context, ApiResource<T> resource)
        where T : KubernetesObject =>
        context.Informers.Of(resource).Subscribe((before, now) => Post(new Notice(resource, before, now)));

    public void Post(Notice notice) => _notices.Writer.TryWrite(notice);

    public bool TryTake(out Notice notice) => _notices.Reader.TryRead(out notice);

    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => _notices.Reader.WaitToReadAsync(cancellation);
}

/// <summary>One thing the loop should know.</summary>
/// <param name="Resource">The resource of the object that changed; null: it is something else.</param>
/// <param name="Before">The object before; null: it is new.</param>
/// <param name="Now">The object now (null: it is gone), or what else happened.</param>
internal readonly record struct Notice(ApiResource? Resource, object? Before, object? Now);
