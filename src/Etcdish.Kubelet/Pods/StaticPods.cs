using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Pods;

/// <summary>A pod from a file, and how its mirror in the API looks.</summary>
internal sealed record StaticPod(PodManifest Pod, JsonObject Mirror);

/// <summary>
/// Reads pods from the files of a folder. Their uids are hashes of node, path and content: a file that is changed is another pod.
/// </summary>
/// <param name="folder">The folder; one that is not there is empty.</param>
/// <param name="node">The node's name, which ends the names of its pods.</param>
/// <param name="warn">Is told of files that hold no pod, once for each content.</param>
internal sealed class StaticPods(string folder, string node, Action<string> warn)
{
    /// <summary>The annotation of a mirror: the hash of the pod that it shows.</summary>
    public const string MirrorAnnotation = "kubernetes.io/config.mirror";

    private const string SourceAnnotation = "kubernetes.io/config.source";

    private readonly HashSet<string> _refused = [];

    /// <summary>Whether a pod came from a file and not from the API.</summary>
    public static bool IsStatic(PodManifest pod) => pod.Metadata.Annotations.GetValueOrDefault(SourceAnnotation, "api") != "api";

    /// <summary>The pods that there are now.</summary>
    public IReadOnlyList<StaticPod> Read()
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        List<StaticPod> pods = [];
        foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (!Path.GetFileName(path).StartsWith('.') && TryRead(path) is { } pod)
            {
                pods.Add(pod);
            }
        }

        return pods;
    }

    private StaticPod? TryRead(string path)
    {
        var hash = "";
        try
        {
            var content = File.ReadAllBytes(path);
            hash = Hash(path, content);
            return Parse(content, hash);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ObjectFormatException
            or InvalidOperationException)
        {
            if (_refused.Add(path + hash))
            {
                warn($"{path} holds no pod: {e.Message}");
            }

            return null;
        }
    }

    private StaticPod Parse(byte[] content, string hash)
    {
        var json = new ArrayBufferWriter<byte>();
        YamlConverter.ToJson(content, json);
        var pod = JsonNode.Parse(json.WrittenSpan) as JsonObject ?? throw new JsonException("it is no object");
        if ((string?)pod["kind"] != "Pod" || pod["metadata"] is not JsonObject meta || pod["spec"] is not JsonObject spec
            || (string?)meta["name"] is not { Length: > 0 } name)
        {
            throw new JsonException("it is no Pod with a name");
        }

        meta["name"] = $"{name}-{node}";
        meta["namespace"] ??= "default";
        var annotations = meta["annotations"] as JsonObject ?? [];
        annotations.Remove(MirrorAnnotation);
        annotations["kubernetes.io/config.hash"] = hash;
        annotations[SourceAnnotation] = "file";
        meta["annotations"] = annotations.DeepClone();
        spec["nodeName"] = node;
        spec["tolerations"] ??= new JsonArray(new JsonObject { ["effect"] = "NoExecute", ["operator"] = "Exists" });
        pod.Remove("status");

        var mirror = (JsonObject)pod.DeepClone();
        mirror["metadata"]!["annotations"]![MirrorAnnotation] = hash;
        meta["uid"] = hash;
        var manifest = pod.Deserialize(KubeletForms.Default.PodManifest) ?? throw new JsonException("it is empty");
        return manifest.Spec.Containers.Length > 0
            ? new StaticPod(manifest, mirror)
            : throw new JsonException("it has no containers");
    }

    private string Hash(string path, byte[] content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{node}\n{path}\n"));
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
