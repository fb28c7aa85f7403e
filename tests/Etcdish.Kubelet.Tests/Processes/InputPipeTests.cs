using Etcdish.Kubelet.Processes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Processes;

public sealed class InputPipeTests
{
    /// <summary>More than a pipe holds.</summary>
    private const int Bytes = 1 << 20;

    [Test]
    public async Task What_a_pipe_cannot_hold_waits_for_its_reader()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("stdin");
        LinuxCalls.MakePipe(path);

        // Open for both, the first end does not wait for the other.
        await using var reader = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
        using var pipe = new InputPipe(path);
        var sent = new byte[Bytes];
        new Random(1).NextBytes(sent);
        var writing = pipe.WriteAsync(sent, CancellationToken.None);
        Assert.That(writing.IsCompleted, Is.False);
        var received = new byte[Bytes];
        await reader.ReadExactlyAsync(received);
        await writing;

        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public async Task Who_waits_can_leave_and_whose_reader_is_gone_is_told()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("stdin");
        LinuxCalls.MakePipe(path);
        var reader = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
        using var pipe = new InputPipe(path);
        using var leave = new CancellationTokenSource();
        var writing = pipe.WriteAsync(new byte[Bytes], leave.Token);
        await leave.CancelAsync();
        Assert.That(async () => await writing, Throws.InstanceOf<OperationCanceledException>());

        await reader.DisposeAsync();
        Assert.That(
            async () => await pipe.WriteAsync(new byte[1], CancellationToken.None), Throws.TypeOf<IOException>().With.Message.Contains("Broken pipe"));
    }
}
