namespace Etcdish.Kubelet.Processes;

/// <summary>Which start of the machine this is. Numbers of processes and their times mean nothing in another.</summary>
internal static class BootId
{
    public static string Current { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
