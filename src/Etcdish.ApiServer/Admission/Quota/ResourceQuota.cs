using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission.Quota;

/// <summary>
/// Keeps namespaces within their quotas, exactly: the usage noted in a quota changes in the same write as the object that uses it, on the
/// condition that nobody changed it meanwhile. Usage that others than this server changed is noticed when a limit seems to be reached:
/// then everything is counted before anybody is refused.
/// </summary>
internal sealed class ResourceQuota(ClusterObjects objects) : IAdmissionPlugin
{
    private readonly ResourceType _quotas = objects.Type("", "v1", "resourcequotas");
    private readonly QuotaGates _gates = new();

    public string Name => "ResourceQuota";

    public bool Handles(AdmissionRequest request) => IsCounted(request.Write.Type.Info) && request.Operation switch
    {
        AdmissionOperation.Create => true,
        AdmissionOperation.Update =>
            request.Write.Type.Info is { Group: "", Kind: "Pod" or "Service" or "PersistentVolumeClaim" or "ResourceQuota" },
        _ => false,
    };

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (request.Write.Type == _quotas)
        {
            await CountNewAsync(request, cancellation);
        }

        if (request.Operation == AdmissionOperation.Update && !ChangesUsage(request))
        {
            return;
        }

        await ChargeAsync(request, request.Stored, request.Object, cancellation);
    }

    public ValueTask ReleaseAsync(AdmissionRequest request, CancellationToken cancellation) => IsCounted(request.Write.Type.Info)
        ? ChargeAsync(request, request.Stored, null, cancellation)
        : ValueTask.CompletedTask;

    // Events are nobody's usage: they go by themselves, and a full quota must not hide why it is full.
    private static bool IsCounted(ResourceInfo resource) => resource.IsNamespaced && resource.Name != "events";

    /// <summary>Whether an update can have any effect: most write a status and have none.</summary>
    private static bool ChangesUsage(AdmissionRequest request)
    {
        var (before, after) = (request.Stored!, request.Object!);
        return (request.Write.Part.OnlyField is null && !JsonNode.DeepEquals(before["spec"], after["spec"]))
            || (request.Write.Type.Info.Kind == "Pod" && QuotaUsage.IsTerminal(before) != QuotaUsage.IsTerminal(after));
    }

    /// <summary>
    /// A new quota, or one with new limits, begins with what is there. So does one whose status is written without usage, which is how its
    /// controller asks for a count.
    /// </summary>
    private async ValueTask CountNewAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var quota = request.Object!;
        var isCurrent = JsonNode.DeepEquals(quota.Part("spec"), request.Stored.Part("spec"))
            && request.Stored is not null && quota.Part("status").Part("used") is not null;
        if (isCurrent)
        {
            return;
        }

        var ledger = new QuotaLedger(quota);
        ledger.Recount(await CountAsync(ledger, request.Write.Namespace, cancellation));
        ledger.Noted(request.Stored is null ? ledger.Difference(_quotas.Info, null, quota) : []);
    }

    /// <summary>Notes a change of usage in all quotas that it concerns.</summary>
    private async ValueTask ChargeAsync(AdmissionRequest request, JsonObject? before, JsonObject? after, CancellationToken cancellation)
    {
        if (!await HasQuotasAsync(request.Write.Namespace, cancellation))
        {
            return;
        }

        request.Hold(await _gates.EnterAsync(request.Write.Namespace, cancellation));
        foreach (var (quota, revision) in await objects.ListAsync(_quotas, request.Write.Namespace, cancellation))
        {
            var isItself = request.Write.Type == _quotas && quota.Name() == request.Write.Name;
            if (!isItself)
            {
                await ChargeAsync(request, new QuotaLedger(quota), revision, before, after, cancellation);
            }
        }
    }

    private async ValueTask ChargeAsync(
        AdmissionRequest request, QuotaLedger ledger, long revision, JsonObject? before, JsonObject? after, CancellationToken cancellation)
    {
        var resource = request.Write.Type.Info;
        if (request.Creates("", "Pod") && ledger.Unspecified(after!) is { } unspecified)
        {
            throw request.Forbid($"failed quota: {ledger.Name}: {unspecified}");
        }

        var change = ledger.Difference(resource, before, after);
        if (change.Count == 0)
        {
            return;
        }

        if (!ledger.IsComplete || ledger.Exceeded(change).Length > 0)
        {
            ledger.Recount(await CountAsync(ledger, request.Write.Namespace, cancellation));
        }

        if (after is not null && ledger.Exceeded(change) is { Length: > 0 } exceeded)
        {
            throw request.Forbid(ledger.Describe(change, exceeded));
        }

        var noted = ledger.Noted(change).InStoredOrder(_quotas.Info.Kind, _quotas.Info.ApiVersion);
        request.Companions.Add(new StoreAction(_quotas.KeyOf(request.Write.Namespace, ledger.Name), ApiJson.Write(noted), revision));
    }

    /// <summary>Counts what the objects of a namespace use of a quota.</summary>
    private async ValueTask<SortedDictionary<string, Quantity>> CountAsync(
        QuotaLedger ledger, string scope, CancellationToken cancellation)
    {
        var total = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var type in objects.Namespaced.Where(type => ledger.Hard.Keys.Any(name => QuotaUsage.Concerns(type.Info, name))))
        {
            foreach (var (value, _) in await objects.ListAsync(type, scope, cancellation))
            {
                foreach (var (name, amount) in ledger.UsageOf(type.Info, value))
                {
                    total[name] = total.GetValueOrDefault(name) + amount;
                }
            }
        }

        return total;
    }

    private ValueTask<bool> HasQuotasAsync(string scope, CancellationToken cancellation) => objects.AnyAsync(_quotas, scope, cancellation);
}
