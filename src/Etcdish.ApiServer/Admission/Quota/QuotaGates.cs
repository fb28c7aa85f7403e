namespace Etcdish.ApiServer.Admission.Quota;

/// <summary>Lets one write at a time into a namespace with quotas. Namespaces may share a gate.</summary>
internal sealed class QuotaGates
{
    private const int Count = 64;

    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, Count).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Waits for the gate; disposing of what comes back opens it again.</summary>
    public async ValueTask<IDisposable> EnterAsync(string scope, CancellationToken cancellation)
    {
        var gate = _gates[(uint)StringComparer.Ordinal.GetHashCode(scope) % Count];
        await gate.WaitAsync(cancellation);
        return new Passage(gate);
    }

    private sealed class Passage(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
