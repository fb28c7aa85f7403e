using System.Runtime.InteropServices;

namespace Etcdish.Cli;

/// <summary>
/// What a signal to stop does: the first one asks the verb to end, and however long that takes, it takes; the second ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    // As shells tell the end by SIGINT.
    private const int EndedBySignal = 130;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interruption() =>
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, Handle))];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        Array.ForEach(_registrations, registration => registration.Dispose());
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_source.IsCancellationRequested)
        {
            Environment.Exit(EndedBySignal);
        }

        _source.Cancel();
    }
}
