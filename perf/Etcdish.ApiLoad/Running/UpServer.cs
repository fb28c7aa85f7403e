using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Etcdish.ApiLoad.Http;
using Etcdish.Load.Measuring;

namespace Etcdish.ApiLoad.Running;

/// <summary><c>etcdish up</c> in a process of its own, on a folder that is empty at first; and other programs that work on it.</summary>
internal sealed class UpServer : IDisposable
{
    private static readonly TimeSpan _startLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(5);

    private readonly string _executable;
    private readonly string _folder;
    private readonly IPEndPoint _endPoint = new(IPAddress.Loopback, FreePort());
    private readonly List<Process> _programs = [];
    private Process? _process;
    private X509Certificate2? _certificate;

    public UpServer(string executable, string folder)
    {
        _executable = executable;
        _folder = folder;
        if (Directory.Exists(folder))
        {
            MountPoints.DetachBelow(folder);
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
    }

    /// <summary>CPU time and memory so far.</summary>
    public ProcessUsage Usage => ProcessUsage.Of(_process!.Id);

    /// <summary>A path in its folder, which goes with it.</summary>
    public string Path(string name) => System.IO.Path.Combine(_folder, name);

    /// <summary>Another one, on a folder of its own.</summary>
    public UpServer Beside(string name) => new(_executable, $"{_folder}-{name}");

    /// <exception cref="ArgumentException">It was not built.</exception>
    public static string BuiltExecutable()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = System.IO.Path.Combine(at.FullName, "src/Etcdish.Cli/bin/Release/net10.0/etcdish");
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new ArgumentException("build it first: dotnet build -c Release src/Etcdish.Cli; or name one by --server");
    }

    /// <summary>Starts <c>etcdish up</c> and returns the time from then to its first answer 200 to <c>/readyz</c>.</summary>
    public Task<TimeSpan> StartAsync(CancellationToken cancellation) => StartAsync("up", ["--disable-network"], cancellation);

    /// <summary>Starts another verb that serves the API, or <c>up</c> with further options, on what its folder holds by now.</summary>
    public async Task<TimeSpan> StartAsync(string verb, IEnumerable<string> options, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        _process = Launch([verb, "--data-dir", System.IO.Path.Combine(_folder, "data"), "--secure-port", _endPoint.Port.ToString(), .. options]);
        while (true)
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > _startLimit)
            {
                throw new InvalidOperationException($"the server did not become ready; see {System.IO.Path.Combine(_folder, "server.log")}");
            }

            if (await IsReadyAsync(cancellation))
            {
                return Stopwatch.GetElapsedTime(start);
            }

            await Task.Delay(_pause, cancellation);
        }
    }

    /// <summary>Opens a connection with the administrator's certificate.</summary>
    public async Task<HttpConnection> ConnectAsync(CancellationToken cancellation)
    {
        _certificate ??= await ReadCertificateAsync(cancellation);
        return await HttpConnection.OpenAsync(_endPoint, _certificate, cancellation);
    }

    /// <summary>Starts a program that works on the server as its administrator; it ends with the server.</summary>
    public Process Run(string verb, params IEnumerable<string> options)
    {
        Process program = Launch([verb, "--kubeconfig", System.IO.Path.Combine(_folder, "data", "kubeconfig"), .. options]);
        _programs.Add(program);
        return program;
    }

    /// <summary>Kills the server, and what works on it.</summary>
    public void Stop()
    {
        foreach (Process process in _programs.Append(_process).OfType<Process>())
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        _programs.Clear();
        _process = null;
    }

    public void Dispose()
    {
        Stop();
        _certificate?.Dispose();
        try
        {
            MountPoints.DetachBelow(_folder);
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What a measurement failed of is on its way to whoever made it, and must not be replaced by this.
            Console.Error.WriteLine($"{_folder} stays: {e.Message}");
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            await using HttpConnection connection = await HttpConnection.OpenAsync(_endPoint, null, cancellation);
            await connection.SendAsync(HttpConnection.Get("/readyz"), cancellation);
            return (await connection.ReadAnswerAsync(cancellation)).Status == 200;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }

    /// <summary>The kubeconfig is written a moment after the server is ready.</summary>
    private async Task<X509Certificate2> ReadCertificateAsync(CancellationToken cancellation)
    {
        string path = System.IO.Path.Combine(_folder, "data", "kubeconfig");
        while (true)
        {
            string[] lines = File.Exists(path) ? await File.ReadAllLinesAsync(path, cancellation) : [];
            if (Value(lines, "client-certificate-data:") is { } certificate && Value(lines, "client-key-data:") is { } key)
            {
                using X509Certificate2 pem = X509Certificate2.CreateFromPem(certificate, key);
                return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
            }

            await Task.Delay(_pause, cancellation);
        }
    }

    private static string? Value(string[] lines, string field) =>
        Array.Find(lines, line => line.Contains(field, StringComparison.Ordinal)) is { } line
            ? Encoding.UTF8.GetString(Convert.FromBase64String(line[(line.IndexOf(field, StringComparison.Ordinal) + field.Length)..].Trim(' ', '"')))
            : null;

    private Process Launch(IEnumerable<string> arguments)
    {
        // The shell sends the output to a file, so that nothing of it passes through the generator; exec keeps the process id.
        ProcessStartInfo start = new("/bin/sh") { ArgumentList = { "-c", "log=\"$1\"; shift; exec \"$@\" >>\"$log\" 2>&1", "sh" } };
        foreach (string argument in arguments.Prepend(_executable).Prepend(System.IO.Path.Combine(_folder, "server.log")))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
