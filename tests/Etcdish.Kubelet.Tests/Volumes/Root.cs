using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Volumes;

/// <summary>What tests of volumes need of the machine.</summary>
internal static class Root
{
    /// <summary>Skips the running test where it is not run by root, who alone may mount and give files away.</summary>
    public static void Require()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Tools.Missing("only root may mount and change owners");
        }
    }

    /// <summary>Runs a program of the system to its end.</summary>
    public static void Run(string program, params string[] arguments)
    {
        using var process = ChildProcess.Start(program, arguments);
        if (process.WaitForExit(TimeSpan.FromSeconds(10)) is not 0 and var code)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {code} {process.StandardError.Text}");
        }
    }
}
