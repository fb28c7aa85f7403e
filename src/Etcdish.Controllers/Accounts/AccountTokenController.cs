using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>
/// Fills secrets that were made to hold a token of a service account, and deletes them with the account. Its keys are secrets.
/// </summary>
public sealed class AccountTokenController : Controller
{
    /// <summary>The type of the secrets.</summary>
    public const string SecretType = "kubernetes.io/service-account-token";

    internal const string NameAnnotation = "kubernetes.io/service-account.name";
    internal const string UidAnnotation = "kubernetes.io/service-account.uid";

    private readonly AccountKey _key;
    private readonly string? _authorityPem;
    private readonly Informer<ServiceAccount> _accounts;
    private readonly Informer<Secret> _secrets;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="key">Signs the tokens. Disposed of with the controller.</param>
    /// <param name="authorityPem">The certificate that goes with the tokens, or null.</param>
    public AccountTokenController(ControllerContext context, AccountKey key, string? authorityPem)
        : base("serviceaccount-token-controller", context)
    {
        (_key, _authorityPem) = (key, authorityPem);
        _accounts = context.Informers.Of(Resources.ServiceAccounts);
        _secrets = context.Informers.Of(Resources.Secrets, $"fieldSelector=type%3D{Uri.EscapeDataString(SecretType)}");
        var byAccount = _secrets.AddIndex(secret => [AccountOf(secret).ToString()]);
        _secrets.Subscribe((_, now) =>
        {
            if (now is not null)
            {
                Queue.Add(now.Key);
            }
        });
        _accounts.Subscribe((before, now) =>
        {
            if (before is null || now is null || before.Metadata.Uid != now.Metadata.Uid)
            {
                foreach (var secret in byAccount[(now ?? before)!.Key.ToString()])
                {
                    Queue.Add(secret.Key);
                }
            }
        });
    }

    /// <summary>What a secret lacks: a merge patch, or null.</summary>
    internal static JsonObject? PatchOf(Secret secret, ServiceAccount account, Func<string> sign, string? authorityPem)
    {
        var data = new JsonObject();
        if (!secret.Data.TryGetValue("token", out var token) || token.Length == 0)
        {
            data["token"] = Encode(sign());
        }

        Want("namespace", account.Metadata.Namespace);
        if (authorityPem is not null)
        {
            Want("ca.crt", authorityPem);
        }

        var isNamed = secret.Metadata.Annotations.GetValueOrDefault(UidAnnotation) == account.Metadata.Uid;
        if (data.Count == 0 && isNamed)
        {
            return null;
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = secret.Metadata.ResourceVersion,
                ["annotations"] = new JsonObject { [UidAnnotation] = account.Metadata.Uid },
            },
            ["data"] = data,
        };

        void Want(string name, string text)
        {
            if (!secret.Data.TryGetValue(name, out var there) || !there.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(text)))
            {
                data[name] = Encode(text);
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_secrets.Find(key) is not { Metadata.IsBeingDeleted: false } secret)
        {
            return;
        }

        // The account may be newer than what we know of accounts: who is about to delete its secret asks first.
        var name = AccountOf(secret);
        var account = _accounts.Find(name);
        if (!Fits(account))
        {
            account = await Context.Client.FindAsync(Resources.ServiceAccounts, name.Namespace, name.Name, cancellation);
        }

        if (account is null || !Fits(account))
        {
            await Context.Client.DeleteAsync(
                Resources.Secrets, key.Namespace, key.Name, new DeleteOptions { Uid = secret.Metadata.Uid }, cancellation);
        }
        else if (PatchOf(secret, account, () => _key.Sign(account, key.Name), _authorityPem) is { } patch)
        {
            await Context.Client.PatchAsync(Resources.Secrets, key.Namespace, key.Name, patch, PatchKind.Merge, "", cancellation);
        }

        bool Fits(ServiceAccount? candidate) => candidate is not null
            && (secret.Metadata.Annotations.GetValueOrDefault(UidAnnotation) is not { Length: > 0 } uid || uid == candidate.Metadata.Uid);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _key.Dispose();
        base.Dispose(disposing);
    }

    private static ObjectKey AccountOf(Secret secret) =>
        new(secret.Metadata.Namespace, secret.Metadata.Annotations.GetValueOrDefault(NameAnnotation, ""));

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
