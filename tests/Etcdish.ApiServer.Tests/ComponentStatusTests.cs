using System.Text.Json.Nodes;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests;

/// <summary>How the parts of the control plane are.</summary>
public class ComponentStatusTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Statuses = "/api/v1/componentstatuses";
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

    private readonly ManualClock _clock = new();
    [Test]
    public async Task The_store_is_healthy_and_who_does_not_run_is_not()
    {
        var list = await Cluster.GetAsync(Statuses);
        var items = list.Body["items"]!.AsArray();

        Assert.That(list["kind"] + list["apiVersion"], Is.EqualTo("ComponentStatusListv1"));
        Assert.That(items.Select(Describe), Is.EqualTo([
            "controller-manager False nobody leads: there is no lease kube-system/kube-controller-manager",
            "etcd-0 True ok",
            "scheduler False nobody leads: there is no lease kube-system/kube-scheduler",
        ]));
        Assert.That(list.Warnings, Is.EqualTo(["299 - \"v1 ComponentStatus is deprecated in v1.19+\""]));
    }

    [Test]
    public async Task Who_leads_is_healthy_until_his_lease_expires()
    {
        await Cluster.PostAsync(Leases, $$$"""
            {"metadata":{"name":"kube-scheduler"},"spec":{"holderIdentity":"me","leaseDurationSeconds":15,
            "renewTime":"{{{_clock.GetUtcNow():yyyy-MM-ddTHH:mm:ss.ffffff}}}Z"}}
            """);
        var fresh = await Cluster.GetAsync(Statuses + "/scheduler");
        _clock.Advance(TimeSpan.FromSeconds(16));
        var late = await Cluster.GetAsync(Statuses + "/scheduler");
        await Cluster.PatchAsync(Leases + "/kube-scheduler", """{"spec":{"holderIdentity":""}}""", "merge");
        var free = await Cluster.GetAsync(Statuses + "/scheduler");

        Assert.That(Describe(fresh.Body), Is.EqualTo("scheduler True ok"));
        Assert.That(Describe(late.Body), Does.StartWith("scheduler False the lease kube-system/kube-scheduler was last renewed by me at "));
        Assert.That(Describe(free.Body), Does.EndWith("is held by nobody"));
    }

    [Test]
    public async Task They_are_selected_and_shown_as_a_table()
    {
        const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        var one = await Cluster.GetAsync(Statuses + "?fieldSelector=metadata.name%3Detcd-0", Table);
        var none = await Cluster.GetAsync(Statuses + "?labelSelector=a%3Db");

        Assert.That(
            one.Body["columnDefinitions"]!.AsArray().Select(c => c!["name"]!.ToString()),
            Is.EqualTo(["Name", "Status", "Message", "Error"]));
        Assert.That(one.Body["rows"]!.AsArray().Single()!["cells"]!.ToJsonString(), Is.EqualTo("""["etcd-0","Healthy","ok",""]"""));
        Assert.That(one.Text, Does.Not.Contain("resourceVersion"));
        Assert.That(none.Body["items"]!.AsArray(), Is.Empty);
    }

    [Test]
    public async Task They_are_read_and_nothing_else()
    {
        var missing = await Cluster.GetAsync(Statuses + "/kubelet");
        var statuses = await Task.WhenAll(
            Cluster.PostAsync(Statuses, "{}"), Cluster.DeleteAsync(Statuses + "/etcd-0"), Cluster.GetAsync(Statuses + "?watch=true"));

        Assert.That((missing.Status, missing["message"]), Is.EqualTo((404, "componentstatus \"kubelet\" not found")));
        Assert.That(statuses.Select(answer => answer.Status), Is.All.EqualTo(405));
        Assert.That((await Cluster.GetAsync(Statuses + "/etcd-0/status")).Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Discovery_and_the_documents_tell_of_them()
    {
        var core = await Cluster.GetAsync("/api/v1");
        var resource = core.Body["resources"]!.AsArray().Single(r => r!["name"]!.ToString() == "componentstatuses")!;
        var paths = (await Cluster.GetAsync("/openapi/v3/api/v1")).Body["paths"]!;

        Assert.That(resource["verbs"]!.ToJsonString() + resource["shortNames"]!.ToJsonString(), Is.EqualTo("""["get","list"]["cs"]"""));
        Assert.That(paths[Statuses]!["get"]!["x-kubernetes-action"]!.ToString(), Is.EqualTo("list"));
        Assert.That(paths[Statuses + "/{name}"]!.AsObject().Select(path => path.Key), Is.EquivalentTo(["parameters", "get"]));
    }

    private protected override ApiServerOptions Change(ApiServerOptions options) => options with { Clock = _clock };

    private static string Describe(JsonNode? status) =>
        $"{status!["metadata"]!["name"]} {status["conditions"]![0]!["status"]} {status["conditions"]![0]!["message"]}";
}
