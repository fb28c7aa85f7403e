using static Etcdish.Kubelet.Tests.Containerd.ContainerdBench;
using static Etcdish.Kubelet.Tests.Containerd.StreamsBench;

namespace Etcdish.Kubelet.Tests.Containerd;

/// <summary>Streams of commands and ports, carried to the genuine containerd and back.</summary>
public sealed class CriStreamsTests
{
    [Test]
    public async Task The_end_of_input_arrives_and_output_goes_on()
    {
        await using var pod = await RunAsync("sleep 1000");
        // It stays, since containerd resets the streams of a command that has ended.
        await using var bench = await ExecAsync(pod, "sh", "-c", "wc -w; echo err >&2; until [ -e /end ]; do sleep 0.05; done");
        await using var connection = await bench.ConnectAsync("v4.channel.k8s.io");
        await OpenAsync(connection, "error");
        var stdin = await OpenAsync(connection, "stdin");
        var stdout = await OpenAsync(connection, "stdout");
        var stderr = await OpenAsync(connection, "stderr");

        await stdin.WriteAsync("one two three"u8.ToArray(), Cancellation);
        await stdin.CompleteWritesAsync(Cancellation);

        var count = new byte[2];
        await stdout.ReadExactlyAsync(count, Cancellation);
        var complaint = new byte[4];
        await stderr.ReadExactlyAsync(complaint, Cancellation);
        await pod.OutputAsync("touch", "/end");
        Assert.That(count, Is.EqualTo("3\n"u8.ToArray()));
        Assert.That(complaint, Is.EqualTo("err\n"u8.ToArray()));
    }

    [Test]
    public async Task A_port_of_a_pod_is_reached()
    {
        await using var pod = await RunAsync("echo hello > index.html; exec httpd -f -p 127.0.0.1:8080");
        await pod.OutputAsync("sh", "-c", "until wget -qO- 127.0.0.1:8080 >/dev/null; do :; done");
        await using var bench = await StartAsync(http => Daemon.ServePortForwardAsync(http, pod.SandboxId));
        await using var connection = await bench.ConnectAsync("portforward.k8s.io");
        var error = await OpenAsync(connection, "error", ("port", "8080"), ("requestid", "0"));
        var data = await OpenAsync(connection, "data", ("port", "8080"), ("requestid", "0"));

        await error.CompleteWritesAsync(Cancellation);
        await data.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), Cancellation);

        Assert.That(await ReadAsync(data), Does.StartWith("HTTP/1.1 200 OK").And.EndWith("hello\n"));
        Assert.That(await ReadAsync(error), Is.Empty);
    }
}
