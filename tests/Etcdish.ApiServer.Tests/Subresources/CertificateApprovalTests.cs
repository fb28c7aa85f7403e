namespace Etcdish.ApiServer.Tests.Subresources;

[TestFixture(StoreKind.InProcess)]
public class CertificateApprovalTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    private const string Approved = """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"R","message":"M"}]}}""";

    [SetUp]
    public async Task Prepare()
    {
        var created = await Cluster.PostAsync(Requests, """
            {"metadata":{"name":"r"},"spec":{"signerName":"example.com/signer","usages":["client auth"],"request":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIYk1JR0NBZ0VBTUFreEJ6QUZCZ05WQkFNTUFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=="}}
            """);
        Assume.That(created.Status, Is.EqualTo(201), created.Text);
    }

    [Test]
    public async Task It_is_approved_by_its_own_subresource_and_only_there()
    {
        var byStatus = await Cluster.PatchAsync(Requests + "/r/status", Approved, "merge");
        var approved = await Cluster.PatchAsync(Requests + "/r/approval", Approved, "merge");
        var emptied = await Cluster.PatchAsync(Requests + "/r/status", """{"status":{"conditions":null,"certificate":"eA=="}}""", "merge");

        Assert.That(
            byStatus["message"], Does.EndWith("status.conditions: Forbidden: updates may not add a condition of type \"Approved\""));
        Assert.That((approved.Status, approved["status.conditions.0.type"]), Is.EqualTo((200, "Approved")), approved.Text);
        Assert.That((emptied["status.conditions.0.type"], emptied["status.certificate"]), Is.EqualTo(("Approved", "eA==")), emptied.Text);
    }

    [Test]
    public async Task A_decision_is_made_once()
    {
        await Cluster.PatchAsync(Requests + "/r/approval", Approved, "merge");
        var removed = await Cluster.PatchAsync(Requests + "/r/approval", """{"status":{"conditions":null}}""", "merge");
        var denied = await Cluster.PatchAsync(Requests + "/r/approval", """
            {"status":{"conditions":[{"type":"Approved","status":"True"},{"type":"Denied","status":"True"}]}}
            """, "merge");

        Assert.That(
            removed["message"], Does.EndWith("status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""));
        Assert.That(denied["message"], Does.Contain("Approved and Denied conditions are mutually exclusive"));
    }
}
