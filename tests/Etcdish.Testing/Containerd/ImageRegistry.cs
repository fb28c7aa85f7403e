using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Etcdish.Testing.Containerd;

/// <summary>Debian's docker-registry on a port of the loopback, for one user who must show a password, or for everybody.</summary>
public sealed class ImageRegistry : IDisposable
{
    public const string Username = "ali";
    public const string Password = "open sesame";

    private const string Passwords = "ali:$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";

    private readonly TemporaryFolder _folder = new();
    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    /// <summary>Starts one on this process' loopback, for the one user.</summary>
    public ImageRegistry()
        : this([], "127.0.0.1", "auth: {htpasswd: {realm: tests, path: PASSWORDS}}")
    {
    }

    /// <summary>Starts one on the loopback of another network, for everybody there.</summary>
    /// <param name="launcher">What runs a program there.</param>
    /// <param name="address">By which address this process reaches it.</param>
    public ImageRegistry(IReadOnlyList<string> launcher, string address)
        : this(launcher, address, "")
    {
    }

    private ImageRegistry(IReadOnlyList<string> launcher, string address, string access)
    {
        var program = Tools.Require("docker-registry", "apt-get install docker-registry");
        var port = FreePorts.Take();
        Host = $"127.0.0.1:{port}";
        File.WriteAllText(_folder.File("passwords"), Passwords);
        File.WriteAllText(_folder.File("config.yml"), $$"""
            version: 0.1
            log: {level: info}
            storage: {filesystem: {rootdirectory: "{{_folder.File("data")}}" } }
            http: {addr: "{{(launcher.Count == 0 ? Host : $":{port}")}}"}
            {{access.Replace("PASSWORDS", $"\"{_folder.File("passwords")}\"", StringComparison.Ordinal)}}
            """);
        string[] command = [.. launcher, program, "serve", _folder.File("config.yml")];
        _process = ChildProcess.Start(command[0], command[1..]);
        _http = new HttpClient { BaseAddress = new Uri($"http://{address}:{port}/v2/") };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Username}:{Password}")));
        if (!_process.StandardError.Wait(text => text.Contains("listening on", StringComparison.Ordinal), TimeSpan.FromSeconds(30)))
        {
            throw new InvalidOperationException(_process.Describe());
        }
    }

    /// <summary>Its address and port on the loopback, with which names of its images begin.</summary>
    public string Host { get; }

    /// <summary>Stores an image; the name under which it is pulled.</summary>
    public async Task<string> PushAsync(ContainerImage image, string name, string tag)
    {
        foreach (var blob in (byte[][])[image.Config, image.Layer])
        {
            using var begun = await _http.PostAsync($"{name}/blobs/uploads/", null);
            var place = new UriBuilder(new Uri(_http.BaseAddress!, begun.EnsureSuccessStatusCode().Headers.Location!));
            place.Query = $"{place.Query}&digest={ContainerImage.Digest(blob)}";
            using var stored = await _http.PutAsync(place.Uri, Content(blob, "application/octet-stream"));
            stored.EnsureSuccessStatusCode();
        }

        using var response = await _http.PutAsync($"{name}/manifests/{tag}", Content(image.Manifest, ContainerImage.ManifestType));
        return response.StatusCode == HttpStatusCode.Created
            ? $"{Host}/{name}:{tag}"
            : throw new InvalidOperationException($"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    public void Dispose()
    {
        _http.Dispose();
        _process.Dispose();
        _folder.Dispose();
    }

    private static ByteArrayContent Content(byte[] content, string type) =>
        new(content) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
}
