using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace Etcdish.Cli.Verbs;

/// <summary>
/// A process that is to take little memory rather than little time, such as a kubelet's beside the pods of its machine. The runtime reads
/// such settings once, as it starts, and the program's own are those of a server; so this executes the program anew in its place: same
/// process, same arguments, and the settings in its environment. Those that the user has set stay as they are.
/// </summary>
internal static partial class LeanProcess
{
    private const int BrokenPipe = 13;
    private const nint DefaultAction = 0;

    // What they save with 50 pods is in the README of Etcdish.Kubelet.
    private static readonly (string Name, string Value)[] _settings =
    [
        // One heap, not one for each processor, and no thread that collects beside the others.
        ("DOTNET_gcServer", "0"),
        ("DOTNET_gcConcurrent", "0"),

        // Collects after 2 MiB of new objects, as a cache of the processor has, in place of tens.
        ("DOTNET_GCgen0size", "200000"),

        // Precompiled code is good enough: nothing here is called often enough to pay for compiling it again.
        ("DOTNET_TieredCompilation", "0"),

        // Threads share the C library's heap.
        ("MALLOC_ARENA_MAX", "1"),
    ];

    /// <summary>Returns in a process that has the settings. Where that cannot be had, in the one that there is.</summary>
    public static void Become()
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(
            entry => (string)entry.Key, entry => (string?)entry.Value, StringComparer.Ordinal);
        var missing = Array.FindAll(_settings, setting => !variables.ContainsKey(setting.Name));
        if (missing.Length == 0 || !OperatingSystem.IsLinux())
        {
            return;
        }

        foreach (var (name, value) in missing)
        {
            variables[name] = value;
        }

        // An ignored signal stays ignored in what is executed, and would be in what that starts.
        _ = SetAction(BrokenPipe, DefaultAction);
        _ = Execute(
            "/proc/self/exe",
            [.. Arguments(), null],
            [.. variables.Select(variable => $"{variable.Key}={variable.Value}"), null]);
    }

    /// <summary>The process's own, with the name of the program, or with those of dotnet before it.</summary>
    private static string[] Arguments() =>
        Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).Split('\0')[..^1];

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetAction(int signal, nint action);

    [LibraryImport("libc", EntryPoint = "execve", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string program, string?[] arguments, string?[] environment);
}
