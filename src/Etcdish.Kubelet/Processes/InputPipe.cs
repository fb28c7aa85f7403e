using Microsoft.Win32.SafeHandles;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// The writing end of a container's standard input. A pipe holds 64 KiB; what goes beyond waits until the container reads, without a thread
/// that waits with it: a container may never read.
/// </summary>
/// <param name="path">The named pipe, which somebody must have open to read.</param>
/// <exception cref="IOException">Nobody has.</exception>
internal sealed class InputPipe(string path) : IDisposable
{
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(100);

    private readonly SafePipeHandle _pipe = LinuxCalls.OpenPipe(path);

    /// <summary>Writes all of it, as fast as it is read.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        for (var pause = _shortest; data.Length > 0;)
        {
            var count = LinuxCalls.WriteRoom(_pipe, data.Span);
            data = data[count..];
            if (count > 0)
            {
                pause = _shortest;
            }
            else
            {
                await Task.Delay(pause, cancellation);
                pause = pause * 2 < _longest ? pause * 2 : _longest;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pipe.Dispose();
}
