namespace Etcdish.ApiServer.Admission.Quota;

/// <summary>
/// Lets one write at a time into a namespace with quotas, so that they do not spoil each other's conditions. Only a courtesy: whoever waits
/// for long goes on without, and the condition decides. So nobody waits for himself for ever, when one write makes another.
/// </summary>
internal sealed class QuotaGates
{
    private const int Count = 64;

    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(250);

    // Namespaces may share a gate.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, Count).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Waits for the gate; disposing of what comes back opens it again.</summary>
    public async ValueTask<IDisposable> EnterAsync(string scope, CancellationToken cancellation)
    {
        var gate = _gates[(uint)StringComparer.Ordinal.GetHashCode(scope) % Count];
        return new Passage(await gate.WaitAsync(_patience, cancellation) ? gate : null);
    }

    private sealed class Passage(SemaphoreSlim? gate) : IDisposable
    {
        public void Dispose() => gate?.Release();
    }
}
