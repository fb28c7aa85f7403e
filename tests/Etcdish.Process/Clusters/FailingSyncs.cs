using System.Globalization;
using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>A tracer on a running process that lets every one of its syncs fail, as a disk does that is dying.</summary>
internal sealed class FailingSyncs : IDisposable
{
    private readonly ChildProcess _tracer;

    private FailingSyncs(ChildProcess tracer) => _tracer = tracer;

    public static FailingSyncs Of(ChildProcess process)
    {
        string id = process.Id.ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["-f", "-q", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO", "-p", id];
        return new FailingSyncs(ChildProcess.Start(Tools.Strace(), arguments));
    }

    public void Dispose() => _tracer.Dispose();
}
