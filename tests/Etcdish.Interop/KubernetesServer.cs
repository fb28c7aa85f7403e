using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary><c>etcdish up</c> on a folder and a port of its own, with the unmodified kubectl as its client.</summary>
internal sealed class KubernetesServer : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(40);

    private readonly string _kubectl = Tools.Kubectl();
    private readonly TemporaryFolder _folder = new();
    private readonly GenuineEtcd? _etcd;
    private readonly ChildProcess _process;

    /// <summary>Starts one.</summary>
    /// <param name="onGenuineEtcd">Whether its store is an etcd instead of its own.</param>
    /// <param name="tokens">Lines of its file of tokens; empty for no such file.</param>
    public KubernetesServer(bool onGenuineEtcd, string tokens = "")
    {
        string[] users = tokens.Length > 0 ? ["--token-auth-file", Write("tokens.csv", tokens)] : [];
        string[] store = [];
        if (onGenuineEtcd)
        {
            _etcd = new GenuineEtcd();
            _etcd.Start();
            store = ["--etcd-servers", _etcd.ClientUrl];
        }

        _process = ChildProcess.Start(
            EtcdishServer.ExecutablePath, ["up", "--data-dir", _folder.File("cluster"), "--https-listen-port", "0", .. store, .. users]);
        if (!_process.StandardOutput.Wait(text => text.Contains("kubectl get namespaces", StringComparison.Ordinal), _limit))
        {
            throw new InvalidOperationException($"etcdish up did not become ready: {_process.Describe()}");
        }
    }

    /// <summary>A file that commands may name.</summary>
    public string Write(string name, string content)
    {
        var path = _folder.File(name);
        File.WriteAllText(path, content);
        return path;
    }

    public CommandResult Kubectl(string line)
    {
        var environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = _folder.File("cluster/kubeconfig"),
            ["HOME"] = _folder.FullPath,
        };
        using var process = ChildProcess.Start(_kubectl, CommandLine.Split(line), environment);
        process.StandardInput.Close();
        var exitCode = process.WaitForExit(_limit);
        return new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text);
    }

    /// <summary>
    /// Runs a script: each line a command, <c>=&gt;</c>, and a pattern that all its output must match; with <c>!=&gt;</c> the command must
    /// fail. Words in braces stand for files.
    /// </summary>
    public void Run(string script, params IReadOnlyList<(string Name, string Content)> files)
    {
        foreach (var (name, content) in files)
        {
            script = script.Replace($"{{{name}}}", Write(name, content), StringComparison.Ordinal);
        }

        foreach (var line in script.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var mustFail = line.Contains(" !=> ", StringComparison.Ordinal);
            var (command, pattern) = (line + " ").Split(mustFail ? " !=> " : " => ", 2) is [var first, var second]
                ? (first, second.Trim())
                : throw new FormatException($"no => in: {line}");
            var result = Kubectl(command);
            var output = (result.StandardOutput + result.StandardError).Trim();
            Assert.That(result.ExitCode == 0, Is.EqualTo(!mustFail), () => $"kubectl {command}\n{result}");
            Assert.That(
                Regex.IsMatch(output, $"^(?:{pattern})$", RegexOptions.Singleline), Is.True, () => $"kubectl {command}\nexpected {pattern}\n{result}");
        }
    }

    public void Dispose()
    {
        _process.Dispose();
        _etcd?.Dispose();
        _folder.Dispose();
    }
}
