using System.Text.RegularExpressions;

namespace Etcdish.Interop;

/// <summary>Steps of tests with pods that run, whatever runs them.</summary>
internal static class PodSteps
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs a pod for as long as the test takes, and tells its containers.</summary>
    public static string RunLasting(this KubernetesServer server, string name, string seconds = "1000")
    {
        server.Run($"""
            run {name} --image=busybox:1 --command -- sleep {seconds} => pod/{name} created
            wait --for=condition=Ready pod/{name} --timeout=30s => .*
            """);
        return server.Containers(name);
    }

    /// <summary>The containers of a pod: ids and restarts.</summary>
    public static string Containers(this KubernetesServer server, string name) => server.Kubectl(
        $"get pod {name} -o jsonpath={{.status.containerStatuses[*].containerID}},{{.status.containerStatuses[*].restartCount}}").StandardOutput;

    /// <summary>Forwards a port and asks there three times.</summary>
    public static async Task AssertForwardsAsync(this KubernetesServer server, string target, int port, string answer)
    {
        using var http = new HttpClient();
        await server.AssertForwardsAsync(target, port, answer, http);
    }

    /// <summary>Likewise, by a client that is where kubectl is.</summary>
    public static async Task AssertForwardsAsync(this KubernetesServer server, string target, int port, string answer, HttpClient http)
    {
        using var forward = server.Start($"port-forward {target} :{port}");
        var isListening = forward.StandardOutput.Wait(text => Regex.IsMatch(text, @"Forwarding from 127\.0\.0\.1:\d+ .*\n"), _patience);
        Assert.That(isListening, Is.True, forward.Describe);
        var local = Regex.Match(forward.StandardOutput.Text, @"127\.0\.0\.1:(\d+)").Groups[1].Value;
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await http.GetStringAsync($"http://127.0.0.1:{local}/"), Is.EqualTo(answer), forward.Describe);
        }
    }

    /// <summary>Sends a line to the input of a container that has run all along.</summary>
    public static void AssertAttaches(this KubernetesServer server, string pod, string line, string answer)
    {
        using var attached = server.Start($"attach -i {pod}");
        attached.StandardInput.WriteLine(line);
        attached.StandardInput.Flush();
        var isHeard = attached.StandardOutput.Wait(text => text.Contains(answer + "\n", StringComparison.Ordinal), _patience);
        Assert.That(isHeard, Is.True, attached.Describe);
    }

    /// <summary>Runs a command in a container with something to read.</summary>
    public static void AssertExecReads(this KubernetesServer server, string command, string input, string answer)
    {
        using var exec = server.Start($"exec -i {command}");
        exec.StandardInput.Write(input);
        exec.StandardInput.Close();
        Assert.That(exec.WaitForExit(_patience), Is.Zero, exec.Describe);
        Assert.That(exec.StandardOutput.Text, Is.EqualTo(answer));
    }

    /// <summary>Runs a command in a container on a terminal; gives what the terminal showed.</summary>
    public static string ExecOnTerminal(this KubernetesServer server, string command)
    {
        using var terminal = server.StartOnTerminal($"exec -it {command}");
        Assert.That(terminal.WaitForExit(_patience), Is.Zero, terminal.Describe);
        return terminal.StandardOutput.Text;
    }

    /// <summary>Follows a log while something happens that ends it; gives the log.</summary>
    public static string FollowLog(this KubernetesServer server, string pod, string script)
    {
        using var logs = server.Start($"logs -f {pod}");
        server.Run(script);
        Assert.That(logs.WaitForExit(_patience), Is.Zero, logs.Describe);
        return logs.StandardOutput.Text;
    }
}
