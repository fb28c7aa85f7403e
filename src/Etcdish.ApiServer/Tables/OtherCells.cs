using System.Text.Json.Nodes;
using Etcdish.ApiServer.Kinds;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tables;

/// <summary>Cells of the remaining groups.</summary>
internal static class OtherCells
{
    public static Cell? Find(string kind, string column) => kind switch
    {
        "Ingress" => IngressCell(column),
        "RoleBinding" or "ClusterRoleBinding" => BindingCell(column),
        "EndpointSlice" => SliceCell(column),
        "StorageClass" => StorageClassCell(column),
        "CertificateSigningRequest" => SigningRequestCell(column),
        "CSIDriver" => DriverCell(column),
        "VolumeAttachment" => AttachmentCell(column),
        "FlowSchema" or "PriorityLevelConfiguration" => FlowCell(kind, column),
        "NodeMetrics" or "PodMetrics" => UsageCell(column),
        _ => Single(kind, column),
    };

    private static Cell? Single(string kind, string column) => (kind, column) switch
    {
        ("Lease", "Holder") => (v, _) => v.Part("spec").Text("holderIdentity"),
        ("PriorityClass", "Value") => (v, _) => CellText.Count(v, "value"),
        ("PriorityClass", "Global-Default") => (v, _) => Flag(v["globalDefault"]),
        ("PriorityClass", "PreemptionPolicy") => (v, _) =>
            v.Text("preemptionPolicy") is { Length: > 0 } text ? text : "PreemptLowerPriority",
        ("RuntimeClass", "Handler") => (v, _) => v.Text("handler"),
        ("IngressClass", "Controller") => (v, _) => v.Part("spec").Text("controller"),
        ("IngressClass", "Parameters") => (v, _) =>
            v.Part("spec").Part("parameters") is { } p ? $"{p.Text("kind")}/{p.Text("name")}" : CellText.None,
        ("NetworkPolicy", "Pod-Selector") => (v, _) => CellText.Selector(v.Part("spec").Part("podSelector")),
        ("IPAddress", "ParentRef") => (v, _) => Parent(v.Part("spec").Part("parentRef")),
        ("ServiceCIDR", "CIDRs") => (v, _) => CellText.Join(v.Part("spec").Items("cidrs").Select(CellText.Scalar)),
        ("CSINode", "Drivers") => (v, _) => v.Part("spec").Items("drivers").Count(),
        ("CSIStorageCapacity", "StorageClassName") => (v, _) => v.Text("storageClassName"),
        ("CSIStorageCapacity", "Capacity") => (v, _) => CellText.OrNone(v.Text("capacity")),
        ("Scale", "Desired") => (v, _) => CellText.Count(v.Part("spec"), "replicas"),
        ("APIService", "Service") => (_, _) => "Local",
        ("APIService", "Available") => (v, _) => v.Part("status").Items("conditions").OfType<JsonObject>().FirstOrDefault().Text("status"),
        ("Scale", "Available") => (v, _) => CellText.Count(v.Part("status"), "replicas"),
        ("ResourceClaim", "State") => (v, _) => ClaimState(v),
        ("ResourceSlice", "Node") => (v, _) => v.Part("spec").Text("nodeName"),
        ("ResourceSlice", "Driver") => (v, _) => v.Part("spec").Text("driver"),
        ("ResourceSlice", "Pool") => (v, _) => v.Part("spec").Part("pool").Text("name"),
        ("VolumeAttributesClass", "DriverName") => (v, _) => v.Text("driverName"),
        _ => null,
    };

    private static Cell? UsageCell(string column) => column switch
    {
        "Window" => (v, _) => v.Text("window"),
        "Name" => null,
        _ => (v, _) => Usages(v).Select(usage => Quantity.Parse(usage.Text(column))).Aggregate(Quantity.Add).ToString(),
    };

    /// <summary>The usage of a node, or of a pod's containers.</summary>
    private static IEnumerable<JsonObject?> Usages(JsonObject metrics) => metrics.Part("usage") is { } whole
        ? [whole]
        : metrics.Objects("containers").Select(container => container.Part("usage"));

    private static string Flag(JsonNode? value) => CellText.Scalar(value) is { Length: > 0 } text ? text : "false";

    private static string ClaimState(JsonObject claim)
    {
        var isDeleted = claim.IsBeingDeleted();
        var status = claim.Part("status");
        string[] states =
        [
            isDeleted ? "deleted" : "",
            status.Part("allocation") is not null ? "allocated" : isDeleted ? "" : "pending",
            status.Items("reservedFor").Any() ? "reserved" : "",
        ];
        return string.Join(',', states.Where(state => state.Length > 0));
    }

    private static string Parent(JsonObject? reference)
    {
        var group = reference.Text("group");
        var resource = group.Length == 0 ? reference.Text("resource") : $"{reference.Text("resource")}.{group}";
        string[] parts = [resource, reference.Text("namespace"), reference.Text("name")];
        return string.Join('/', parts.Where(part => part.Length > 0));
    }

    private static Cell? IngressCell(string column) => column switch
    {
        "Class" => (v, _) => CellText.OrNone(v.Part("spec").Text("ingressClassName")),
        "Hosts" => (v, _) => Hosts(v),
        "Address" => (v, _) => string.Join(',', v.Part("status").Part("loadBalancer").Items("ingress").OfType<JsonObject>()
            .Select(entry => entry.Text("ip") is { Length: > 0 } ip ? ip : entry.Text("hostname"))),
        "Ports" => (v, _) => v.Part("spec").Items("tls").Any() ? "80, 443" : "80",
        _ => null,
    };

    private static string Hosts(JsonObject ingress)
    {
        const int Shown = 3;
        var hosts = ingress.Part("spec").Items("rules").OfType<JsonObject>().Select(r => r.Text("host")).Where(h => h.Length > 0).ToArray();
        var more = hosts.Length > Shown ? $" + {hosts.Length - Shown} more..." : "";
        return hosts.Length == 0 ? "*" : string.Join(',', hosts.Take(Shown)) + more;
    }

    private static Cell? BindingCell(string column) => column switch
    {
        "Role" => (v, _) => $"{v.Part("roleRef").Text("kind")}/{v.Part("roleRef").Text("name")}",
        "Users" => (v, _) => Subjects(v, "User"),
        "Groups" => (v, _) => Subjects(v, "Group"),
        "ServiceAccounts" => (v, _) => Subjects(v, "ServiceAccount"),
        _ => null,
    };

    private static string Subjects(JsonObject binding, string kind) => string.Join(", ", binding.Items("subjects").OfType<JsonObject>()
        .Where(s => s.Text("kind") == kind)
        .Select(s => kind == "ServiceAccount" ? $"{s.Text("namespace")}/{s.Text("name")}" : s.Text("name")));

    private static Cell? SliceCell(string column) => column switch
    {
        "AddressType" => (v, _) => v.Text("addressType"),
        "Ports" => (v, _) => CellText.OrNone(string.Join(',', v.Items("ports").OfType<JsonObject>().Select(p => CellText.Scalar(p["port"])))
            is { Length: > 0 } ports ? ports : CellText.Unset),
        "Endpoints" => (v, _) => CellText.OrNone(string.Join(
            ',', v.Items("endpoints").OfType<JsonObject>().SelectMany(e => e.Items("addresses")).Select(CellText.Scalar))
            is { Length: > 0 } addresses ? addresses : CellText.Unset),
        _ => null,
    };

    private static Cell? StorageClassCell(string column) => column switch
    {
        "Name" => (v, _) => v.Part("metadata").Part("annotations").Text("storageclass.kubernetes.io/is-default-class") == "true"
            ? v.Name() + " (default)"
            : v.Name(),
        "Provisioner" => (v, _) => v.Text("provisioner"),
        "ReclaimPolicy" => (v, _) => v.Text("reclaimPolicy") is { Length: > 0 } policy ? policy : "Delete",
        "VolumeBindingMode" => (v, _) => v.Text("volumeBindingMode") is { Length: > 0 } mode ? mode : "Immediate",
        "AllowVolumeExpansion" => (v, _) => Flag(v["allowVolumeExpansion"]),
        _ => null,
    };

    private static Cell? SigningRequestCell(string column) => column switch
    {
        "SignerName" => (v, _) => v.Part("spec").Text("signerName"),
        "Requestor" => (v, _) => v.Part("spec").Text("username"),
        "RequestedDuration" => (v, _) => v.Part("spec").Number("expirationSeconds") is { } seconds
            ? CellText.Duration(TimeSpan.FromSeconds(seconds))
            : CellText.None,
        "Condition" => (v, _) => SigningCondition(v),
        _ => null,
    };

    private static string SigningCondition(JsonObject request)
    {
        var status = request.Part("status");
        var types = status.Items("conditions").OfType<JsonObject>().Select(c => c.Text("type")).ToArray();
        var words = new List<string> { types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending" };
        if (types.Contains("Failed"))
        {
            words.Add("Failed");
        }

        if (status.Text("certificate").Length > 0)
        {
            words.Add("Issued");
        }

        return string.Join(',', words);
    }

    private static Cell? DriverCell(string column) => column switch
    {
        "AttachRequired" => (v, _) => CellText.Scalar(v.Part("spec")?["attachRequired"]) is { Length: > 0 } text ? text : "true",
        "PodInfoOnMount" => (v, _) => Flag(v.Part("spec")?["podInfoOnMount"]),
        "StorageCapacity" => (v, _) => Flag(v.Part("spec")?["storageCapacity"]),
        "TokenRequests" => (v, _) => v.Part("spec").Items("tokenRequests").OfType<JsonObject>().Any()
            ? CellText.Join(v.Part("spec").Items("tokenRequests").OfType<JsonObject>().Select(t => t.Text("audience")))
            : CellText.Unset,
        "RequiresRepublish" => (v, _) => Flag(v.Part("spec")?["requiresRepublish"]),
        "Modes" => (v, _) => CellText.Join(v.Part("spec").Items("volumeLifecycleModes").Select(CellText.Scalar)),
        _ => null,
    };

    private static Cell? AttachmentCell(string column) => column switch
    {
        "Attacher" => (v, _) => v.Part("spec").Text("attacher"),
        "PV" => (v, _) => v.Part("spec").Part("source").Text("persistentVolumeName"),
        "Node" => (v, _) => v.Part("spec").Text("nodeName"),
        "Attached" => (v, _) => Flag(v.Part("status")?["attached"]),
        _ => null,
    };

    private static Cell? FlowCell(string kind, string column) => (kind, column) switch
    {
        ("FlowSchema", "PriorityLevel") => (v, _) => v.Part("spec").Part("priorityLevelConfiguration").Text("name"),
        ("FlowSchema", "MatchingPrecedence") => (v, _) => CellText.Count(v.Part("spec"), "matchingPrecedence"),
        ("FlowSchema", "DistinguisherMethod") => (v, _) => CellText.OrNone(v.Part("spec").Part("distinguisherMethod").Text("type")),
        ("FlowSchema", "MissingPL") => (v, _) => v.Part("status").Items("conditions").OfType<JsonObject>()
            .FirstOrDefault(c => c.Text("type") == "Dangling").Text("status") is { Length: > 0 } status ? status : "?",
        ("PriorityLevelConfiguration", "Type") => (v, _) => v.Part("spec").Text("type"),
        ("PriorityLevelConfiguration", "NominalConcurrencyShares") => (v, _) => Limited(v, "nominalConcurrencyShares"),
        ("PriorityLevelConfiguration", "Queues") => (v, _) => Queuing(v, "queues"),
        ("PriorityLevelConfiguration", "HandSize") => (v, _) => Queuing(v, "handSize"),
        ("PriorityLevelConfiguration", "QueueLengthLimit") => (v, _) => Queuing(v, "queueLengthLimit"),
        _ => null,
    };

    private static string Limited(JsonObject value, string field) =>
        CellText.OrNone(CellText.Scalar(value.Part("spec").Part("limited")?[field]));

    private static string Queuing(JsonObject value, string field) =>
        CellText.OrNone(CellText.Scalar(value.Part("spec").Part("limited").Part("limitResponse").Part("queuing")?[field]));
}
