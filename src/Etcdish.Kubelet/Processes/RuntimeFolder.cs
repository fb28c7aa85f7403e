using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// What the runtime keeps:
/// <code>
/// lock                         held by the runtime that has the folder
/// sandboxes/ID/sandbox.json    written last, removed first: without it a folder is rest
/// sandboxes/ID/netns           its network namespace is mounted here
/// containers/ID/container.json likewise
/// containers/ID/start          the script that becomes the container's process
/// containers/ID/supervisor     the process that waits for it, as a line of /proc/…/stat
/// containers/ID/process        itself
/// containers/ID/stdin          a named pipe, and holder: the process that keeps it open
/// containers/ID/stdout, stderr named pipes, out of which cat(1) fills the files of its output
/// containers/ID/root           its root, or without root the directory where it starts
/// containers/ID/position       how much of its output is in its log
/// containers/ID/end.json       how it ended
/// run/ID.out, .err             its output that is not yet in its log
/// run/ID.exit                  its exit code
/// </code>
/// </summary>
internal sealed class RuntimeFolder : IDisposable
{
    private readonly string _root;
    private readonly FileStream _lock;

    public RuntimeFolder(string root)
    {
        _root = Path.GetFullPath(root);
        foreach (var folder in (string[])[_root, Sandboxes, Containers, Run])
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        try
        {
            _lock = new FileStream(Path.Combine(_root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new RuntimeException($"another process runs containers in {_root}: {e.Message}", inner: e);
        }
    }

    public string Sandboxes => Path.Combine(_root, "sandboxes");

    public string Containers => Path.Combine(_root, "containers");

    /// <summary>The one folder that is watched.</summary>
    public string Run => Path.Combine(_root, "run");

    public string Sandbox(string id) => Path.Combine(Sandboxes, id);

    public string SandboxFile(string id) => Path.Combine(Sandboxes, id, "sandbox.json");

    public string NetworkNamespace(string id) => Path.Combine(Sandboxes, id, "netns");

    public ContainerFolder Container(string id) => new(Path.Combine(Containers, id), Path.Combine(Run, id));

    /// <summary>Removes a folder, that which says that it is whole first.</summary>
    public static void Remove(string folder, string record)
    {
        try
        {
            File.Delete(record);
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Removed already.
        }
    }

    public void Dispose() => _lock.Dispose();
}

/// <summary>What belongs to a container.</summary>
/// <param name="Root">Its folder.</param>
/// <param name="RunStem">What the names of its files in the folder of running ones begin with.</param>
internal readonly record struct ContainerFolder(string Root, string RunStem)
{
    public string Record => Path.Combine(Root, "container.json");

    public string Start => Path.Combine(Root, "start");

    public string Supervisor => Path.Combine(Root, "supervisor");

    public string Process => Path.Combine(Root, "process");

    public string Stdin => Path.Combine(Root, "stdin");

    public string Stdout => Path.Combine(Root, "stdout");

    public string Stderr => Path.Combine(Root, "stderr");

    public string Holder => Path.Combine(Root, "holder");

    public string FileSystem => Path.Combine(Root, "root");

    /// <summary>What directories of the node become that must show more than the node has in them.</summary>
    public string Opened => Path.Combine(Root, "opened");

    public string ResolverFile => Path.Combine(Root, "resolv.conf");

    public string Position => Path.Combine(Root, "position");

    public string End => Path.Combine(Root, "end.json");

    public string Output => RunStem + ".out";

    public string Errors => RunStem + ".err";

    public string Exit => RunStem + ".exit";
}
