using System.Text;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>Deletes tokens by which nodes join when they have expired. Its keys are secrets.</summary>
public sealed class BootstrapTokenCleaner : Controller
{
    private const string Home = "kube-system";
    private const string SecretType = "bootstrap.kubernetes.io/token";
    private readonly Informer<Secret> _secrets;

    /// <summary>Makes one.</summary>
    public BootstrapTokenCleaner(ControllerContext context)
        : base("token-cleaner-controller", context)
    {
        _secrets = context.Informers.Of(Resources.Secrets, $"fieldSelector=type%3D{Uri.EscapeDataString(SecretType)}");
        _secrets.Subscribe((_, now) =>
        {
            if (now?.Metadata.Namespace == Home)
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>How long a token still holds; null: for ever. One whose end cannot be read holds no longer.</summary>
    internal static TimeSpan? RestOf(Secret secret, DateTimeOffset now)
    {
        if (!secret.Data.TryGetValue("expiration", out var bytes) || bytes.Length == 0)
        {
            return null;
        }

        return TimeText.TryParse(Encoding.UTF8.GetString(bytes), out var end) ? end - now : TimeSpan.Zero;
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_secrets.Find(key) is not { Metadata.IsBeingDeleted: false } secret
            || RestOf(secret, Context.Clock.GetUtcNow()) is not { } rest)
        {
            return;
        }

        if (rest > TimeSpan.Zero)
        {
            // A day at most: timers do not reach into the next century.
            Queue.AddAfter(key, rest < TimeSpan.FromDays(1) ? rest : TimeSpan.FromDays(1));
            return;
        }

        var options = new DeleteOptions { Uid = secret.Metadata.Uid, ResourceVersion = secret.Metadata.ResourceVersion };
        await Context.Client.DeleteAsync(Resources.Secrets, key.Namespace, key.Name, options, cancellation);
    }
}
