using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.NetLoad;

/// <summary>
/// How many questions the cluster's name server answers with one core. The server is a process of its own that is held to one core; the
/// load comes from another one, with a fixed number of questions on their way, and every answer is looked at.
/// </summary>
internal static class DnsLoad
{
    private const int Endpoints = 10;

    public static Command Command()
    {
        var services = new Option<int>("--services") { DefaultValueFactory = _ => 10_000, Description = "services in the zone" };
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 5, Description = "length of each row" };
        var window = new Option<int>("--window") { DefaultValueFactory = _ => 64, Description = "questions on their way" };
        var floor = new Option<double>("--assert") { Description = "fail below so many answers a second of the server's core" };
        var command = new Command("dns", "questions answered by one core of the cluster's name server") { services, seconds, window, floor };
        command.SetAction(parsed => Run(
            parsed.GetValue(services), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(window), parsed.GetValue(floor)));
        return command;
    }

    private static int Run(int services, TimeSpan duration, int window, double floor)
    {
        using var outside = new OutsideServer();
        using var server = StartServer(services, outside.Port);
        try
        {
            var port = int.Parse(server.StandardOutput.ReadLine() ?? "", CultureInfo.InvariantCulture);
            HoldToCore(1);
            var isEnough = true;
            Console.WriteLine("question                    answers/s   per second of its core   CPU of its core     p50 µs     p99 µs");
            foreach (var (title, make) in Rows(services))
            {
                var load = new DnsLoadLoop(port, make, window);
                load.Run(TimeSpan.FromSeconds(1.5));
                var (row, cpu) = (load, Cpu(server));
                var result = row.Run(duration);
                cpu = Cpu(server) - cpu;
                var perCore = result.Answers / cpu.TotalSeconds;
                isEnough &= perCore >= floor;
                Console.WriteLine(FormattableString.Invariant(
                    $"{title,-25} {result.Answers / result.Elapsed.TotalSeconds,11:N0} {perCore,24:N0} {cpu / result.Elapsed,17:P0} {result.Median,10:N0} {result.P99,10:N0}"));
            }

            return isEnough ? 0 : 1;
        }
        finally
        {
            server.Kill();
            server.WaitForExit();
        }
    }

    private static IEnumerable<(string Title, Func<int, byte[]> Make)> Rows(int services)
    {
        yield return ("A, service", i => Query(DnsLoadServer.NameOf(2 * i % services), RecordType.A));
        yield return ("A, headless, 10 endpoints", i => Query(DnsLoadServer.NameOf(((2 * i) + 1) % services), RecordType.A));
        yield return ("SRV, service", i => Query("_http._tcp." + DnsLoadServer.NameOf(2 * i % services), RecordType.Srv));
        yield return ("no such name", i => Query($"none{i}.default.svc.cluster.local", RecordType.A));
        yield return ("A, outside, kept", i => Query($"n{i % 100}.example.com", RecordType.A));
    }

    private static byte[] Query(string name, RecordType type) => UpstreamQuestion.ToQuery([.. WireName.Parse(name), 0, (byte)type], 0, withEdns: true);

    private static Process StartServer(int services, int outside)
    {
        var program = Environment.GetCommandLineArgs()[0];
        var start = new ProcessStartInfo("taskset", ["-c", "0", "dotnet", program, "dns-server", $"{services}", $"{Endpoints}", $"{outside}"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_gcServer"] = "0";
        return Process.Start(start)!;
    }

    private static TimeSpan Cpu(Process server)
    {
        server.Refresh();
        return server.TotalProcessorTime;
    }

    private static void HoldToCore(int core)
    {
        using var self = Process.GetCurrentProcess();
        if (OperatingSystem.IsLinux() && Environment.ProcessorCount > core)
        {
            self.ProcessorAffinity = 1 << core;
        }
    }

    /// <summary>A name server outside: one address for every name.</summary>
    private sealed class OutsideServer : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly Thread _thread;

        public OutsideServer()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _thread = new Thread(Serve) { IsBackground = true };
            _thread.Start();
        }

        public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public void Dispose() => _socket.Dispose();

        private void Serve()
        {
            var query = new byte[4096];
            var reply = new byte[4096];
            var name = new byte[WireName.MaxBytes];
            var from = new SocketAddress(AddressFamily.InterNetwork);
            while (true)
            {
                int length;
                try
                {
                    length = _socket.ReceiveFrom(query, SocketFlags.None, from);
                }
                catch (SocketException)
                {
                    // The socket was closed.
                    return;
                }

                DnsQuery.Read(query.AsSpan(0, length), name, out var asked);
                var writer = new MessageWriter(reply, withEdns: false);
                writer.CopyQuestion(query.AsSpan(DnsHeader.Bytes..asked.QuestionEnd));
                writer.TryAdd(Section.Answer, name.AsSpan(0, asked.Question.NameLength), RecordType.A, 3600, [192, 0, 2, 1]);
                _socket.SendTo(reply.AsSpan(0, writer.Finish(asked.Id, DnsHeader.IsResponse)), SocketFlags.None, from);
            }
        }
    }
}
