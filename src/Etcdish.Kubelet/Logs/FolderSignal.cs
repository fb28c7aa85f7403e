using System.Threading.Channels;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// Tells one waiter that something has happened since it last waited: any number of times it happened, once. It begins unset.
/// </summary>
/// <param name="end">What is done at the end.</param>
internal sealed class FolderSignal(Action<FolderSignal> end) : IDisposable
{
    private readonly Channel<bool> _happened = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Says that something has happened.</summary>
    public void Set() => _happened.Writer.TryWrite(true);

    /// <summary>Waits until something happens, unless it has.</summary>
    public async Task WaitAsync(CancellationToken cancellation) => await _happened.Reader.ReadAsync(cancellation);

    public void Dispose() => end(this);
}
