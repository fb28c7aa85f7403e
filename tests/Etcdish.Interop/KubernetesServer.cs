using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>
/// An API server on a folder and a port of its own, with the unmodified kubectl as its client: alone (<c>etcdish apiserver</c>), so that nobody
/// else changes what a script wrote, or with all that makes it a cluster (<c>etcdish up</c>).
/// </summary>
internal sealed class KubernetesServer : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(40);

    private readonly string _kubectl = Tools.Kubectl();
    private readonly TemporaryFolder _folder = new();
    private readonly GenuineEtcd? _etcd;
    private readonly string[] _arguments;
    private readonly IReadOnlyList<string> _launcher;
    private ChildProcess _process;

    /// <summary>Starts one.</summary>
    /// <param name="onGenuineEtcd">Whether its store is an etcd instead of its own.</param>
    /// <param name="tokens">Lines of its file of tokens; empty for no such file.</param>
    /// <param name="up">Options of the cluster; null: the server alone.</param>
    /// <param name="launcher">
    /// What runs the cluster's program and its clients, such as in a network of their own. Without one the cluster leaves this machine's
    /// network alone.
    /// </param>
    public KubernetesServer(
        bool onGenuineEtcd, string tokens = "", IReadOnlyList<string>? up = null, IReadOnlyList<string>? launcher = null)
    {
        _launcher = launcher ?? [];
        string[] users = tokens.Length > 0 ? ["--token-auth-file", Write("tokens.csv", tokens)] : [];
        string[] store = [];
        if (onGenuineEtcd)
        {
            _etcd = new GenuineEtcd();
            _etcd.Start();
            store = ["--etcd-servers", _etcd.ClientUrl];
        }

        _arguments =
        [
            up is null ? "apiserver" : "up", "--data-dir", _folder.File("cluster"), "--https-listen-port", "0", .. store, .. users, .. up ?? [],
            .. up is null || launcher is not null ? [] : (string[])["--disable-network"],
        ];
        _process = StartServer();
    }

    /// <summary>Kills it without warning, and starts it again on its folder.</summary>
    public void KillAndRestart()
    {
        // Not what it started: those are pods.
        _process.Send(Signal.Kill);
        _process.WaitForExit(_limit);
        _process.Dispose();
        _process = StartServer();
    }

    /// <summary>Stops it as Ctrl-C does, and starts it again on its folder.</summary>
    public void StopAndRestart()
    {
        Stop();
        _process.Dispose();
        _process = StartServer();
    }

    /// <summary>Stops it as Ctrl-C does.</summary>
    public void Stop()
    {
        _process.Send(Signal.Interrupt);
        _process.WaitForExit(_limit);
    }

    /// <summary>A file that commands may name.</summary>
    public string Write(string name, string content)
    {
        var path = _folder.File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Where a file or folder of that name is.</summary>
    public string Path(string name) => _folder.File(name);

    /// <summary>Runs kubectl with a line of arguments.</summary>
    public CommandResult Kubectl(string line) => Run(_kubectl, CommandLine.Split(line), []);

    /// <summary>
    /// Runs a line: settings of the environment such as <c>A=b</c>, then <c>helm</c> or nothing for kubectl, then its arguments.
    /// </summary>
    public CommandResult Command(string line)
    {
        var words = CommandLine.Split(line).ToList();
        var settings = words.TakeWhile(word => Regex.IsMatch(word, "^[A-Z_]+=")).ToList();
        words.RemoveRange(0, settings.Count);
        var program = _kubectl;
        if (words[0] == "helm")
        {
            program = Tools.Helm();
            words.RemoveAt(0);
        }

        return Run(program, words, settings);
    }

    /// <summary>Starts kubectl with a line of arguments; whoever starts it ends it.</summary>
    public ChildProcess Start(string line) => Start(_kubectl, CommandLine.Split(line), []);

    /// <summary>Starts kubectl with a line of arguments on a terminal of its own.</summary>
    public ChildProcess StartOnTerminal(string line) => Start("script", ["-qec", $"{_kubectl} {line}", "/dev/null"], []);

    private ChildProcess StartServer()
    {
        var process = Launch(EtcdishServer.ExecutablePath, _arguments, []);
        if (!process.StandardOutput.Wait(text => text.Contains("ready: ", StringComparison.Ordinal) && text.EndsWith('\n'), _limit))
        {
            throw new InvalidOperationException($"etcdish did not become ready: {process.Describe()}");
        }

        return process;
    }

    private CommandResult Run(string program, IReadOnlyList<string> arguments, IReadOnlyList<string> settings)
    {
        using var process = Start(program, arguments, settings);
        process.StandardInput.Close();
        var exitCode = process.WaitForExit(_limit);
        return new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text);
    }

    private ChildProcess Start(string program, IReadOnlyList<string> arguments, IReadOnlyList<string> settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = _folder.File("cluster/kubeconfig"),
            ["HOME"] = _folder.FullPath,
        };
        foreach (var setting in settings)
        {
            var equals = setting.IndexOf('=', StringComparison.Ordinal);
            environment[setting[..equals]] = setting[(equals + 1)..];
        }

        return Launch(program, arguments, environment);
    }

    private ChildProcess Launch(string program, IReadOnlyList<string> arguments, Dictionary<string, string> environment)
    {
        string[] command = [.. _launcher, program, .. arguments];
        return ChildProcess.Start(command[0], command[1..], environment);
    }

    /// <summary>
    /// Runs a script: each line a command, <c>=&gt;</c>, and a pattern that all its output must match; with <c>!=&gt;</c> the command must
    /// fail. A word in braces stands for the file of that name, <c>{.}</c> for the folder of all files.
    /// </summary>
    public void Run(string script, params IReadOnlyList<(string Name, string Content)> files)
    {
        foreach (var (name, content) in files)
        {
            script = script.Replace($"{{{name}}}", Write(name, content), StringComparison.Ordinal);
        }

        script = script.Replace("{.}", _folder.FullPath, StringComparison.Ordinal);
        foreach (var line in script.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var mustFail = line.Contains(" !=> ", StringComparison.Ordinal);
            var (command, pattern) = (line + " ").Split(mustFail ? " !=> " : " => ", 2) is [var first, var second]
                ? (first, second.Trim())
                : throw new FormatException($"no => in: {line}");
            var result = Command(command);
            var output = (result.StandardOutput + result.StandardError).Trim();
            Assert.That(result.ExitCode == 0, Is.EqualTo(!mustFail), () => $"{command}\n{result}");
            Assert.That(
                Regex.IsMatch(output, $"^(?:{pattern})$", RegexOptions.Singleline), Is.True, () =>
                    $"{command}\nexpected {pattern}\n{result}");
        }
    }

    public void Dispose()
    {
        _process.Dispose();
        _etcd?.Dispose();
        _folder.Dispose();
    }
}
