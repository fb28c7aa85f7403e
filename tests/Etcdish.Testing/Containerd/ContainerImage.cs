using System.Diagnostics;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Etcdish.Testing.Containerd;

/// <summary>
/// A small image, made without tools for images: one layer with the machine's static busybox and links by the names of its programs, and
/// its getent, which looks up names as programs do. Two made alike are the same to the byte.
/// </summary>
public sealed class ContainerImage
{
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar";
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private static readonly Lazy<string> _busybox = new(() => Tools.Require("busybox", "apt-get install busybox-static"));
    private static readonly Lazy<string[]> _programs = new(ListPrograms);

    // Busybox cannot look up names without the libraries of the system it was made on, and fails if it finds others: this machine's getent
    // does, with its libraries in a folder of its own.
    private const string ResolverFolder = "opt/getent";
    private static readonly Lazy<string[]> _resolver = new(ListResolver);

    private ContainerImage(JsonObject config, string marker)
    {
        Layer = MakeLayer(marker);
        Config = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["created"] = "2000-01-01T00:00:00Z",
            ["config"] = config,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(Digest(Layer)) },
        }.ToJsonString());
        Manifest = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = Descriptor(ConfigType, Config),
            ["layers"] = new JsonArray(Descriptor(LayerType, Layer)),
        }.ToJsonString());
    }

    public byte[] Layer { get; }

    public byte[] Config { get; }

    public byte[] Manifest { get; }

    /// <summary>Busybox, which runs a shell unless told otherwise.</summary>
    /// <param name="user">As whom; empty: root.</param>
    /// <param name="marker">What is in its file /marker, to make images that differ.</param>
    public static ContainerImage Busybox(string user = "", string marker = "") => new(
        new JsonObject
        {
            ["Cmd"] = new JsonArray("sh"),
            ["Env"] = new JsonArray("PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
            ["User"] = user,
        },
        marker);

    /// <summary>Busybox that runs a script of the shell unless told otherwise, and ends when it is told to.</summary>
    /// <param name="script">What it does; the last line goes on for good.</param>
    public static ContainerImage Running(string script) => new(
        new JsonObject
        {
            ["Cmd"] = new JsonArray("sh", "-c", $"trap exit TERM\n{script} &\nwait"),
            ["Env"] = new JsonArray("PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
        },
        marker: "");

    /// <summary>What a sandbox runs: it waits.</summary>
    public static ContainerImage Pause() => new(new JsonObject { ["Entrypoint"] = new JsonArray("/bin/sleep", "infinity") }, "pause");

    public static string Digest(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    /// <summary>Writes it as an OCI archive under that name.</summary>
    public void WriteArchive(Stream target, string name)
    {
        var manifest = Descriptor(ManifestType, Manifest);
        manifest["annotations"] = new JsonObject { ["io.containerd.image.name"] = name };
        var index = new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(manifest) };
        using var archive = new TarWriter(target, TarEntryFormat.Ustar, leaveOpen: true);
        Add(archive, "oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray());
        Add(archive, "index.json", Encoding.UTF8.GetBytes(index.ToJsonString()));
        foreach (var blob in (byte[][])[Config, Layer, Manifest])
        {
            Add(archive, Digest(blob).Replace("sha256:", "blobs/sha256/", StringComparison.Ordinal), blob);
        }
    }

    private static JsonObject Descriptor(string type, byte[] content) =>
        new() { ["mediaType"] = type, ["digest"] = Digest(content), ["size"] = content.Length };

    private static byte[] MakeLayer(string marker)
    {
        var layer = new MemoryStream();
        using (var archive = new TarWriter(layer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var folder in (string[])["bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var", "var/www", "opt", ResolverFolder])
            {
                Add(archive, new UstarTarEntry(TarEntryType.Directory, folder + "/"), folder == "tmp" ? 1023 : 493);
            }

            Add(archive, "bin/busybox", File.ReadAllBytes(_busybox.Value), 493);
            foreach (var program in _programs.Value)
            {
                Add(archive, new UstarTarEntry(TarEntryType.SymbolicLink, $"bin/{program}") { LinkName = "/bin/busybox" }, 511);
            }

            Add(archive, new UstarTarEntry(TarEntryType.SymbolicLink, "usr/bin") { LinkName = "/bin" }, 511);
            foreach (var path in _resolver.Value)
            {
                Add(archive, $"{ResolverFolder}/{Path.GetFileName(path)}", File.ReadAllBytes(path), 493);
            }

            var loader = _resolver.Value.Single(path => Path.GetFileName(path).StartsWith("ld-", StringComparison.Ordinal));
            var script = $"#!/bin/sh\nexec /{ResolverFolder}/{Path.GetFileName(loader)} --library-path /{ResolverFolder} /{ResolverFolder}/getent \"$@\"\n";
            Add(archive, "bin/getent", Encoding.UTF8.GetBytes(script), 493);

            Add(archive, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/sh\n"u8.ToArray());
            Add(archive, "etc/group", "root:x:0:\nnobody:x:65534:\n"u8.ToArray());
            Add(archive, "marker", Encoding.UTF8.GetBytes(marker));
        }

        return layer.ToArray();
    }

    /// <summary>getent, and the libraries that ldd names.</summary>
    private static string[] ListResolver()
    {
        var program = Tools.Require("getent", "apt-get install libc-bin");
        using var ldd = ChildProcess.Start("ldd", [program]);
        ldd.WaitForExit(TimeSpan.FromSeconds(10));
        return [program, .. Regex.Matches(ldd.StandardOutput.Text, @"(/\S+) \(0x").Select(match => match.Groups[1].Value)];
    }

    private static void Add(TarWriter archive, string name, byte[] content, int mode = 420) =>
        Add(archive, new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) }, mode);

    private static void Add(TarWriter archive, UstarTarEntry entry, int mode)
    {
        entry.Mode = (UnixFileMode)mode;
        entry.ModificationTime = DateTimeOffset.UnixEpoch;
        archive.WriteEntry(entry);
    }

    private static string[] ListPrograms()
    {
        using var busybox = Process.Start(new ProcessStartInfo(_busybox.Value, "--list") { RedirectStandardOutput = true })!;
        return [.. busybox.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(name => name != "busybox")];
    }
}
