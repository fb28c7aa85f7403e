namespace Etcdish.ApiServer.Tests;

public sealed class ResourceClaimTests
{
    private const string Claims = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims";
    private const string AsTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

    [Test]
    public async Task A_claim_is_pending_then_allocated_then_reserved()
    {
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        await cluster.PostAsync(Claims, """
            {"metadata":{"name":"c"},"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"gpu"}}]}}}
            """);
        var pending = await cluster.GetAsync(Claims, AsTable);
        await cluster.PatchAsync(Claims + "/c/status", """{"status":{"allocation":{"devices":{}}}}""", "merge");
        var allocated = await cluster.GetAsync(Claims, AsTable);
        await cluster.PatchAsync(
            Claims + "/c/status", """{"status":{"reservedFor":[{"resource":"pods","name":"p","uid":"u"}]}}""", "strategic-merge");
        var reserved = await cluster.GetAsync(Claims, AsTable);

        Assert.That(
            new[] { pending, allocated, reserved }.Select(table => table["rows.0.cells.1"]),
            Is.EqualTo(["pending", "allocated", "allocated,reserved"]));
    }

    [Test]
    public async Task Slices_are_found_by_driver_and_node_and_shown_with_them()
    {
        const string Slices = "/apis/resource.k8s.io/v1/resourceslices";
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        foreach (var (name, driver) in new[] { ("a", "x"), ("b", "y") })
        {
            await cluster.PostAsync(Slices, $$"""
                {"metadata":{"name":"{{name}}"},
                 "spec":{"driver":"{{driver}}","nodeName":"n","pool":{"name":"p","generation":1,"resourceSliceCount":1} } }
                """);
        }

        var table = await cluster.GetAsync(Slices + "?fieldSelector=spec.driver=y,spec.nodeName=n", AsTable);

        Assert.That(table.Body["rows"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That(Enumerable.Range(0, 4).Select(i => table[$"rows.0.cells.{i}"]), Is.EqualTo(["b", "n", "y", "p"]));
    }
}
