using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>Turns the name of a pod's priority class into a number; there is one default class.</summary>
internal sealed class PodPriority(ClusterObjects objects) : IAdmissionPlugin
{
    private const string Preempting = "PreemptLowerPriority";

    private readonly ResourceType _classes = objects.Type("scheduling.k8s.io", "v1", "priorityclasses");

    public string Name => "Priority";

    public bool Handles(AdmissionRequest request) => request.Writes("", "Pod") || request.Writes("scheduling.k8s.io", "PriorityClass");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (request.Write.Type != _classes)
        {
            if (request.Operation == AdmissionOperation.Create)
            {
                await GiveAsync(request, request.Object!.Ensure("spec"), cancellation);
            }
            else if (request.Object!.Part("spec") is { } spec && spec["priority"] is null)
            {
                spec.CopyFrom(request.Stored.Part("spec"), "priority");
            }
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (request.Write.Type != _classes || !IsDefault(request.Object!))
        {
            return;
        }

        foreach (var (other, _) in await objects.ListAsync(_classes, "", cancellation))
        {
            if (IsDefault(other) && other.Name() != request.Write.Name)
            {
                throw request.Forbid($"PriorityClass {other.Name()} is already marked as default. Only one default can exist");
            }
        }
    }

    private static bool IsDefault(JsonObject priorityClass) =>
        priorityClass["globalDefault"] is JsonValue value && value.TryGetValue<bool>(out var isDefault) && isDefault;

    private async ValueTask GiveAsync(AdmissionRequest request, JsonObject spec, CancellationToken cancellation)
    {
        var chosen = await ChooseAsync(request, spec, cancellation);
        var value = chosen.Number("value") ?? 0;
        if (spec.Number("priority") is { } given && given != value)
        {
            throw request.Forbid(
                $"the integer value of priority ({given}) must not be provided in pod spec; "
                + $"priority admission controller computed {value} from the given PriorityClass name");
        }

        spec["priority"] = value;
        var policy = chosen.Text("preemptionPolicy") is { Length: > 0 } text ? text : Preempting;
        if (spec.Text("preemptionPolicy") is { Length: > 0 } said && said != policy)
        {
            throw request.Forbid(
                $"the string value of PreemptionPolicy ({said}) must not be provided in pod spec; "
                + $"priority admission controller computed {policy} from the given PriorityClass name");
        }

        spec["preemptionPolicy"] = policy;
    }

    /// <summary>The class that is named, or the default one; null if there is none.</summary>
    private async ValueTask<JsonObject?> ChooseAsync(AdmissionRequest request, JsonObject spec, CancellationToken cancellation)
    {
        if (spec.Text("priorityClassName") is { Length: > 0 } name)
        {
            return await objects.FindAsync(_classes, "", name, cancellation)
                ?? throw request.Forbid($"no PriorityClass with name {name} was found");
        }

        var all = await objects.ListAsync(_classes, "", cancellation);
        var chosen = all.Select(item => item.Value).Where(IsDefault).MinBy(item => item.Number("value") ?? 0);
        if (chosen is not null)
        {
            spec["priorityClassName"] = chosen.Name();
        }

        return chosen;
    }
}
