using System.Text.Json.Nodes;
using Etcdish.ApiServer.Kinds;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission;

/// <summary>
/// Gives containers the requests and limits that their namespace has for them, and keeps pods and claims within its bounds.
/// </summary>
internal sealed class LimitRanger(ClusterObjects objects) : IAdmissionPlugin
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    private readonly ResourceType _ranges = objects.Type("", "v1", "limitranges");

    public string Name => "LimitRanger";

    public bool Handles(AdmissionRequest request) => IsPod(request) || request.Writes("", "PersistentVolumeClaim");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        if (!request.Creates("", "Pod"))
        {
            return;
        }

        foreach (var (range, _) in await objects.ListAsync(_ranges, request.Write.Namespace, cancellation))
        {
            ApplyDefaults(request.Object!, range);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        foreach (var (range, _) in await objects.ListAsync(_ranges, request.Write.Namespace, cancellation))
        {
            var faults = new List<string>();
            foreach (var limit in range.Part("spec").Items("limits").OfType<JsonObject>())
            {
                Check(request, limit, faults);
            }

            if (faults.Count > 0)
            {
                var all = faults.Distinct(StringComparer.Ordinal).ToArray();
                throw request.Forbid(all.Length == 1 ? all[0] : $"[{string.Join(", ", all)}]");
            }
        }
    }

    private static bool IsPod(AdmissionRequest request) =>
        request.Creates("", "Pod") || (request.Write.Subresource == "resize" && request.Operation == AdmissionOperation.Update);

    private static void Check(AdmissionRequest request, JsonObject limit, List<string> faults)
    {
        var value = request.Object!;
        var bounds = new ResourceBounds(limit);
        switch (limit.Text("type"))
        {
            case "PersistentVolumeClaim" when !IsPod(request):
                bounds.CheckRequests(Amounts(value.Part("spec").Part("resources").Part("requests")), faults);
                break;
            case "Pod" when IsPod(request):
                bounds.Check(PodResources.Sum(value, "requests"), PodResources.Sum(value, "limits"), faults);
                break;
            case "Container" when IsPod(request):
                foreach (var container in Containers(value).Select(found => found.Container.Part("resources")))
                {
                    bounds.Check(Amounts(container.Part("requests")), Amounts(container.Part("limits")), faults);
                }

                break;
        }
    }

    private static void ApplyDefaults(JsonObject pod, JsonObject range)
    {
        var said = new List<string>();
        foreach (var limit in range.Part("spec").Items("limits").OfType<JsonObject>().Where(limit => limit.Text("type") == "Container"))
        {
            foreach (var (container, kind) in Containers(pod))
            {
                Fill(container, kind, "requests", limit.Part("defaultRequest"), said);
                Fill(container, kind, "limits", limit.Part("default"), said);
            }
        }

        if (said.Count > 0)
        {
            pod.Metadata().Ensure("annotations")[Annotation] = "LimitRanger plugin set: " + string.Join("; ", said);
        }
    }

    private static void Fill(JsonObject container, string kind, string what, JsonObject? defaults, List<string> said)
    {
        var set = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (name, amount) in defaults ?? [])
        {
            var amounts = container.Ensure("resources").Ensure(what);
            if (!amounts.ContainsKey(name))
            {
                amounts[name] = amount!.DeepClone();
                set.Add(name);
            }
        }

        if (set.Count > 0)
        {
            said.Add($"{string.Join(", ", set)} {what.TrimEnd('s')} for {kind} {container.Text("name")}");
        }
    }

    private static IEnumerable<(JsonObject Container, string Kind)> Containers(JsonObject pod)
    {
        var spec = pod.Part("spec");
        return spec.Objects("containers").Select(container => (container, "container"))
            .Concat(spec.Objects("initContainers").Select(container => (container, "init container")));
    }

    private static SortedDictionary<string, Quantity> Amounts(JsonObject? amounts) =>
        new(PodResources.Read(amounts).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
}
