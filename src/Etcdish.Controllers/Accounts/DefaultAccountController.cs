using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>Gives every namespace the account <c>default</c>. Its keys are namespaces.</summary>
public sealed class DefaultAccountController : Controller
{
    private const string AccountName = "default";
    private readonly Informer<Namespace> _namespaces;
    private readonly Informer<ServiceAccount> _accounts;

    /// <summary>Makes one.</summary>
    public DefaultAccountController(ControllerContext context)
        : base("serviceaccount-controller", context)
    {
        _namespaces = context.Informers.Of(Resources.Namespaces);
        _accounts = context.Informers.Of(Resources.ServiceAccounts);
        _namespaces.Subscribe((before, now) =>
        {
            if (before is null && now is not null)
            {
                Queue.Add(now.Key);
            }
        });
        _accounts.Subscribe((before, now) =>
        {
            if (now is null && before!.Metadata.Name == AccountName)
            {
                Queue.Add(new ObjectKey("", before.Metadata.Namespace));
            }
        });
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_namespaces.Find(key) is not { Metadata.IsBeingDeleted: false } || _accounts.Find(key.Name, AccountName) is not null)
        {
            return;
        }

        var account = new JsonObject { ["metadata"] = new JsonObject { ["name"] = AccountName } };
        try
        {
            await Context.Client.CreateAsync(Resources.ServiceAccounts, key.Name, account, cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists || e.IsNamespaceTerminating || e.IsNotFound)
        {
            // Somebody was faster, or the namespace goes.
        }
    }
}
