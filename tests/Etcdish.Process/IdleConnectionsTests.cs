using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>Thousands of clients that connect and then say nothing, as the kubelets of a large cluster do most of the time.</summary>
public class IdleConnectionsTests
{
    private const int Connections = 10_000;
    private const int DescriptorsForTheRest = 1_000;
    private const int MostBytesPerConnection = 48 * 1024;
    private const int FrameHeaderBytes = 9;
    private const int PingBytes = 8;
    private static readonly byte[] _greeting = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    [Test]
    [CancelAfter(120_000)]
    public async Task Ten_thousand_of_them_cost_little_memory_and_nobody_else_anything(CancellationToken timeout)
    {
        if (MaxOpenFiles() < Connections + DescriptorsForTheRest)
        {
            Assert.Ignore($"needs {Connections + DescriptorsForTheRest} file descriptors (ulimit -n)");
        }

        using var server = new EtcdishServer();
        server.Start();
        var ctl = new EtcdCtl(server.ClientUrl);
        Assert.That(ctl.Run("put before idle").ExitCode, Is.Zero);
        long before = ResidentBytes(server);

        List<Socket> idle = [];
        try
        {
            while (idle.Count < Connections)
            {
                idle.Add(await ConnectAsync(server.ClientPort, timeout));
            }

            long each = (ResidentBytes(server) - before) / Connections;
            TestContext.Out.WriteLine($"{each:N0} bytes a connection");
            CommandResult put = ctl.Run("put during idle");
            CommandResult got = ctl.Run("get during");
            for (int i = 0; i < Connections; i += 100)
            {
                await PingAsync(idle[i], timeout);
            }

            using (Assert.EnterMultipleScope())
            {
                Assert.That(put.StandardOutput, Is.EqualTo("OK\n"), put.ToString());
                Assert.That(got.StandardOutput, Is.EqualTo("during\nidle\n"), got.ToString());
                Assert.That(each, Is.LessThan(MostBytesPerConnection));
            }
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }

        Assert.That(ctl.Run("get before").StandardOutput, Is.EqualTo("before\nidle\n"), "all of them gone at once");
        Assert.That(server.Terminate(), Is.Zero);
    }

    private static async Task<Socket> ConnectAsync(int port, CancellationToken timeout)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, timeout);
            await socket.SendAsync(_greeting, timeout);
            byte[] header = await ReadAsync(socket, FrameHeaderBytes, timeout);
            Assert.That(header[3], Is.EqualTo(4), "the server's first frame holds its settings");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task PingAsync(Socket socket, CancellationToken timeout)
    {
        byte[] token = "stillup?"u8.ToArray();
        await socket.SendAsync((byte[])[0, 0, PingBytes, 6, 0, 0, 0, 0, 0, .. token], timeout);

        // The rest of the settings, their acknowledgement and what else was said at the start lie before the answer.
        List<byte> seen = [];
        byte[] buffer = new byte[4096];
        while (!seen.ToArray().AsSpan().EndsWith((ReadOnlySpan<byte>)[0, 0, PingBytes, 6, 1, 0, 0, 0, 0, .. token]))
        {
            int count = await socket.ReceiveAsync(buffer, timeout);
            Assert.That(count, Is.Positive, "the server has closed an idle connection");
            seen.AddRange(buffer.AsSpan(0, count));
        }
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int count, CancellationToken timeout)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = await socket.ReceiveAsync(bytes.AsMemory(read), timeout);
            Assert.That(more, Is.Positive, "the server has closed a new connection");
            read += more;
        }

        return bytes;
    }

    private static long ResidentBytes(EtcdishServer server) => FieldOf($"/proc/{server.Process.Id}/status", "VmRSS:") * 1024;

    private static long MaxOpenFiles() => FieldOf("/proc/self/limits", "Max open files");

    private static long FieldOf(string file, string name)
    {
        string line = File.ReadLines(file).Single(line => line.StartsWith(name, StringComparison.Ordinal));
        string[] fields = line[name.Length..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return fields[0] == "unlimited" ? long.MaxValue : long.Parse(fields[0], CultureInfo.InvariantCulture);
    }
}
