using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Testing;

namespace Etcdish.NetLoad;

/// <summary>
/// Debian's nginx as a proxy, and as the endpoint behind it and behind us: a fast one. Both in one process tree of its own, with as many
/// workers as the machine has cores.
/// </summary>
internal sealed class NginxProxy : IDisposable
{
    /// <summary>Where there is an answer of 1 MiB.</summary>
    public const string LargePath = "/large";

    private const int LargeBytes = 1024 * 1024;
    private readonly TemporaryFolder _folder = new();
    private readonly ChildProcess _process;

    private NginxProxy()
    {
        var ports = FreePorts();
        (EndpointPort, HttpPort, HttpsPort) = (ports[0], ports[1], ports[2]);
        WriteCertificate();
        File.WriteAllBytes(_folder.File(LargePath.TrimStart('/')), new byte[LargeBytes]);
        File.WriteAllText(_folder.File("nginx.conf"), Configuration());
        var nginx = Tools.Require("nginx", "apt-get install nginx-light");
        _process = ChildProcess.Start(nginx, ["-p", _folder.FullPath, "-e", "stderr", "-c", _folder.File("nginx.conf")]);
    }

    public int EndpointPort { get; }

    public int HttpPort { get; }

    public int HttpsPort { get; }

    public static NginxProxy Start() => new();

    /// <summary>Completes when it answers.</summary>
    public async Task WaitAsync(CancellationToken cancellation)
    {
        using var client = new HttpClient();
        while (true)
        {
            try
            {
                await client.GetStringAsync(new Uri($"http://127.0.0.1:{HttpPort}/"), cancellation);
                return;
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
            }
        }
    }

    public void Dispose()
    {
        _process.Send(Signal.Terminate);
        _process.Dispose();
        _folder.Dispose();
    }

    private static int[] FreePorts()
    {
        var listeners = Enumerable.Range(0, 3).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(listeners, listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        Array.ForEach(listeners, listener => listener.Dispose());
        return ports;
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=nginx", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_folder.File("tls.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(_folder.File("tls.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private string Configuration() => $$"""
        daemon off;
        pid {{_folder.File("nginx.pid")}};
        worker_processes auto;
        events { worker_connections 1024; }
        http {
          access_log off;
          client_body_temp_path {{_folder.FullPath}}; proxy_temp_path {{_folder.FullPath}}; fastcgi_temp_path {{_folder.FullPath}};
          uwsgi_temp_path {{_folder.FullPath}}; scgi_temp_path {{_folder.FullPath}};
          keepalive_requests 100000000;
          upstream endpoint { server 127.0.0.1:{{EndpointPort}}; keepalive 128; keepalive_requests 100000000; }
          server { listen 127.0.0.1:{{EndpointPort}}; location / { default_type text/plain; return 200 "a small answer\n"; }
            location {{LargePath}} { root {{_folder.FullPath}}; } }
          server {
            listen 127.0.0.1:{{HttpPort}};
            listen 127.0.0.1:{{HttpsPort}} ssl http2;
            ssl_certificate {{_folder.File("tls.crt")}};
            ssl_certificate_key {{_folder.File("tls.key")}};
            location / {
              proxy_pass http://endpoint;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_set_header Host $http_host;
              proxy_set_header X-Real-IP $remote_addr;
              proxy_set_header X-Forwarded-For $remote_addr;
              proxy_set_header X-Forwarded-Host $http_host;
              proxy_set_header X-Forwarded-Port $server_port;
              proxy_set_header X-Forwarded-Proto $scheme;
              proxy_set_header X-Forwarded-Scheme $scheme;
            }
          }
        }
        """;
}
