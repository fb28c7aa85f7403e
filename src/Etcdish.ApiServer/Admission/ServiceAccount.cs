using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>
/// Every pod has a service account that exists, its token where programs look for it, and its secrets for pulling images.
/// </summary>
internal sealed class ServiceAccount(ClusterObjects objects) : IAdmissionPlugin
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string VolumePrefix = "kube-api-access-";
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int SuffixLength = 5;
    private const int ReadableByAll = 420;

    // Seven seconds more than an hour, by which tokens of this kind are told from others.
    private const int TokenSeconds = 3607;

    private readonly ResourceType _accounts = objects.Type("", "v1", "serviceaccounts");

    public string Name => "ServiceAccount";

    public bool Handles(AdmissionRequest request) => request.Creates("", "Pod");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var pod = request.Object!;
        var spec = pod.Ensure("spec");
        if (pod.Part("metadata").Part("annotations")?.ContainsKey(MirrorAnnotation) == true)
        {
            CheckMirror(request, spec);
            return;
        }

        var name = spec.Text("serviceAccountName") is { Length: > 0 } named ? named : "default";
        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
        var scope = request.Write.Namespace;
        var account = await objects.FindAsync(_accounts, scope, name, cancellation)
            ?? throw request.Forbid($"error looking up service account {scope}/{name}: serviceaccount \"{name}\" not found");
        if (Flag(spec, "automountServiceAccountToken") ?? Flag(account, "automountServiceAccountToken") ?? true)
        {
            MountToken(spec);
        }

        if (!spec.Items("imagePullSecrets").Any() && account.Items("imagePullSecrets").Any())
        {
            spec["imagePullSecrets"] = account["imagePullSecrets"]!.DeepClone();
        }
    }

    /// <summary>What mirrors a file of a node has no account, and nothing that one could read secrets by.</summary>
    private static void CheckMirror(AdmissionRequest request, JsonObject spec)
    {
        if (spec.Text("serviceAccountName").Length > 0)
        {
            throw request.Forbid("a mirror pod may not reference service accounts");
        }

        foreach (var volume in spec.Items("volumes").OfType<JsonObject>())
        {
            if (volume.ContainsKey("secret"))
            {
                throw request.Forbid("a mirror pod may not reference secrets");
            }

            if (volume.Part("projected").Items("sources").OfType<JsonObject>().Any(source => source.ContainsKey("serviceAccountToken")))
            {
                throw request.Forbid("a mirror pod may not use ServiceAccountToken volume projections");
            }
        }
    }

    private static void MountToken(JsonObject spec)
    {
        var known = spec.Items("volumes").OfType<JsonObject>()
            .FirstOrDefault(volume => volume.Text("name").StartsWith(VolumePrefix, StringComparison.Ordinal));
        var name = known?.Text("name") ?? VolumePrefix + RandomNumberGenerator.GetString(SuffixAlphabet, SuffixLength);
        var isUsed = false;
        foreach (var list in new[] { "initContainers", "containers" })
        {
            foreach (var container in spec.Items(list).OfType<JsonObject>())
            {
                if (!container.Items("volumeMounts").OfType<JsonObject>().Any(mount => mount.Text("mountPath") == MountPath))
                {
                    container.Append("volumeMounts", new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = MountPath });
                    isUsed = true;
                }
            }
        }

        if (isUsed && known is null)
        {
            spec.Append("volumes", TokenVolume(name));
        }
    }

    private static JsonObject TokenVolume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" } },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace",
                            ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
            ["defaultMode"] = ReadableByAll,
        },
    };

    private static bool? Flag(JsonObject value, string field) =>
        value[field] is JsonValue node && node.TryGetValue<bool>(out var flag) ? flag : null;
}
