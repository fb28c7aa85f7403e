using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Security;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Cli.Verbs;

/// <summary>
/// What makes other machines welcome: a bootstrap token by which they ask for a certificate as a node, and what nodes may read to keep their
/// part of the network. The token holds until its Secret is deleted; the next start makes another one.
/// </summary>
internal static class Invitation
{
    /// <summary>The kubeconfig with the token, in the cluster's folder.</summary>
    public const string FileName = "join.kubeconfig";

    private const string TokenId = "joiner";
    private const string Joiners = "system:bootstrappers:etcdish";
    private const string Namespace = "kube-system";
    private const string NetworkRole = "etcdish:node-network";
    private const string RoleGroup = "rbac.authorization.k8s.io";

    private static readonly ApiResource _roles = new(RoleGroup, "v1", "clusterroles", "ClusterRole", false);
    private static readonly ApiResource _bindings = new(RoleGroup, "v1", "clusterrolebindings", "ClusterRoleBinding", false);
    private static readonly MediaTypeHeaderValue _apply = new("application/apply-patch+yaml");

    /// <summary>Sees that it is all there, and writes the file; gives its path.</summary>
    /// <param name="api">The API.</param>
    /// <param name="server">Its URL for other machines.</param>
    /// <param name="network">What nodes must know.</param>
    /// <param name="client">The API, as an administrator.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<string> WriteAsync(
        ReadyApi api, string server, ClusterNetwork network, KubernetesClient client, CancellationToken cancellation)
    {
        await ApplyAsync(client, Resources.ConfigMaps, network.ToObject(), cancellation);
        await ApplyAsync(client, _roles, Role(), cancellation);
        await ApplyAsync(client, _bindings, Binding(NetworkRole, NetworkRole, "system:nodes"), cancellation);
        await ApplyAsync(client, _bindings, Binding("etcdish:join", "system:node-bootstrapper", Joiners), cancellation);
        await ApplyAsync(
            client,
            _bindings,
            Binding("etcdish:join-approval", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", Joiners),
            cancellation);
        var path = Path.Combine(api.Folder, FileName);
        Kubeconfig.WriteToken(path, server, api.Certificates, "joiner", await EnsureTokenAsync(client, cancellation));
        return path;
    }

    private static async Task<string> EnsureTokenAsync(KubernetesClient client, CancellationToken cancellation)
    {
        var found = await client.FindAsync(Resources.Secrets, Namespace, $"bootstrap-token-{TokenId}", cancellation)
            ?? await client.CreateAsync(Resources.Secrets, Namespace, Token(), cancellation);
        return $"{TokenId}.{Encoding.ASCII.GetString(found.Data.GetValueOrDefault("token-secret", []))}";
    }

    private static JsonObject Token() => new()
    {
        ["apiVersion"] = Resources.Secrets.ApiVersion,
        ["kind"] = Resources.Secrets.Kind,
        ["metadata"] = new JsonObject { ["name"] = $"bootstrap-token-{TokenId}", ["namespace"] = Namespace },
        ["type"] = "bootstrap.kubernetes.io/token",
        ["stringData"] = new JsonObject
        {
            ["token-id"] = TokenId,
            ["token-secret"] = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 16),
            ["usage-bootstrap-authentication"] = "true",
            ["auth-extra-groups"] = Joiners,
            ["description"] = "By which machines join; delete it, and nobody can until the cluster is started again.",
        },
    };

    // What proxy, name server, policies and routes of a node look at. Nothing of it is secret, and nothing can be written.
    private static JsonObject Role()
    {
        var role = New(_roles, NetworkRole);
        role["rules"] = new JsonArray(
            Rule("", ["list", "watch"], "namespaces", "nodes", "pods", "services"),
            Rule("discovery.k8s.io", ["list", "watch"], "endpointslices"),
            Rule("networking.k8s.io", ["list", "watch"], "networkpolicies", "servicecidrs"));
        var map = Rule("", ["get"], "configmaps");
        map["resourceNames"] = new JsonArray(ClusterNetwork.ObjectName);
        role["rules"]!.AsArray().Add(map);
        return role;
    }

    private static JsonObject Binding(string name, string role, string group)
    {
        var binding = New(_bindings, name);
        binding["roleRef"] = new JsonObject { ["apiGroup"] = RoleGroup, ["kind"] = _roles.Kind, ["name"] = role };
        binding["subjects"] = new JsonArray(new JsonObject { ["apiGroup"] = RoleGroup, ["kind"] = "Group", ["name"] = group });
        return binding;
    }

    private static JsonObject New(ApiResource resource, string name) => new()
    {
        ["apiVersion"] = resource.ApiVersion,
        ["kind"] = resource.Kind,
        ["metadata"] = new JsonObject { ["name"] = name },
    };

    private static JsonObject Rule(string group, string[] verbs, params string[] resources) => new()
    {
        ["apiGroups"] = new JsonArray(group),
        ["resources"] = new JsonArray([.. resources.Select(name => JsonValue.Create(name))]),
        ["verbs"] = new JsonArray([.. verbs.Select(verb => JsonValue.Create(verb))]),
    };

    private static Task<byte[]> ApplyAsync(KubernetesClient client, ApiResource resource, JsonObject value, CancellationToken cancellation)
    {
        var metadata = value["metadata"]!;
        var path = resource.Path((string?)metadata["namespace"] ?? "", (string)metadata["name"]!);
        return client.SendAsync(HttpMethod.Patch, $"{path}?fieldManager=etcdish&force=true", value, _apply, cancellation);
    }
}
