using System.Runtime.InteropServices;
using Etcdish.Network.Links;
using Etcdish.Testing;

namespace Etcdish.Network.Tests;

/// <summary>A network namespace with nothing but its loopback, in which code of a test can run. Needs root.</summary>
internal sealed class TestNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;
    private static int _count;

    private TestNamespace(string name)
    {
        Name = name;
        Ip = new IpProgram(name);
    }

    public string Name { get; }

    public IpProgram Ip { get; }

    public static TestNamespace Create()
    {
        var ip = Tools.Require("ip", "apt-get install iproute2");
        var created = new TestNamespace($"edt{Environment.ProcessId % 100_000}-{Interlocked.Increment(ref _count)}");
        try
        {
            Run("netns", "add", created.Name);
            Run("-n", created.Name, "link", "set", "lo", "up");
            return created;
        }
        catch (InvalidOperationException refused)
        {
            created.Dispose();
            Tools.Missing($"network namespaces need root and a kernel that has them ({ip}): {refused.Message}");
            throw;
        }
    }

    /// <summary>Runs code on a thread of its own whose sockets are in the namespace.</summary>
    public void Enter(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/var/run/netns/{Name}");
                if (SetNamespace(file, CloneNewNet) != 0)
                {
                    throw new InvalidOperationException($"setns: errno {Marshal.GetLastPInvokeError()}");
                }

                action();
            }
#pragma warning disable CA1031 // The test's own thread throws it.
            catch (Exception e)
            {
                failure = e;
            }
#pragma warning restore CA1031
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw new InvalidOperationException($"in {Name}: {failure}", failure);
        }
    }

    public void Dispose()
    {
        using var ip = ChildProcess.Start("ip", ["netns", "del", Name]);
        ip.WaitForExit(TimeSpan.FromSeconds(10));
    }

    private static void Run(params string[] arguments)
    {
        using var ip = ChildProcess.Start("ip", arguments);
        if (ip.WaitForExit(TimeSpan.FromSeconds(10)) != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {ip.StandardError.Text.Trim()}");
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(SafeHandle file, int kind);
}
