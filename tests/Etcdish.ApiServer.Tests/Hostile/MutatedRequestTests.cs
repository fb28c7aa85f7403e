using System.Text;

namespace Etcdish.ApiServer.Tests.Hostile;

/// <summary>
/// Valid requests of every verb, damaged at random: whatever comes, the server answers with what a client can understand.
/// </summary>
[TestFixture]
public class MutatedRequestTests
{
    private const int Requests = 300;

    // A damaged length makes the server wait for a body that does not come.
    private static readonly TimeSpan _quiet = TimeSpan.FromMilliseconds(150);

    private static readonly string[] _valid =
    [
        Request("GET", "/api/v1/namespaces/default/configmaps?limit=2&labelSelector=a%3Db%2Cc%21%3Dd", "application/json", ""),
        Request("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Da&resourceVersion=0", "application/json", ""),
        Request("GET", "/api/v1/configmaps?watch=1&timeoutSeconds=1&allowWatchBookmarks=true", "application/json", ""),
        Request("GET", "/apis/apps/v1/namespaces/default/deployments/d/scale", "application/json", ""),
        Request("POST", "/api/v1/namespaces/default/configmaps?fieldManager=m&fieldValidation=Strict", "application/json",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"c-","labels":{"a":"b"}},"data":{"k":"v"}}"""),
        Request("POST", "/api/v1/namespaces/default/pods?dryRun=All", "application/json",
            """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m"}}}]}}"""),
        Request("POST", "/apis/apps/v1/namespaces/default/deployments", "application/yaml",
            "metadata:\n  generateName: d-\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: c, image: i}]}\n"),
        Request(
            "PUT", "/api/v1/namespaces/default/configmaps/seed", "application/json", """{"metadata":{"name":"seed"},"data":{"a":"b"}}"""),
        Request("PATCH", "/api/v1/namespaces/default/configmaps/seed", "application/merge-patch+json", """{"data":{"c":null,"d":"e"}}"""),
        Request("PATCH", "/api/v1/namespaces/default/configmaps/seed", "application/json-patch+json",
            """[{"op":"test","path":"/metadata/name","value":"seed"},{"op":"copy","from":"/metadata","path":"/data"},{"op":"remove","path":"/data"}]"""),
        Request("PATCH", "/api/v1/namespaces/default/services/s", "application/strategic-merge-patch+json",
            """{"spec":{"ports":[{"port":1,"$patch":"delete"}],"$setElementOrder/ports":[{"port":1}],"$retainKeys":["ports"]}}"""),
        Request("PATCH", "/api/v1/namespaces/default/configmaps/applied?fieldManager=f&force=true", "application/apply-patch+yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: &x b, c: *x}\n"),
        Request("DELETE", "/api/v1/namespaces/default/configmaps/gone?propagationPolicy=Background", "application/json",
            """{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"x"},"gracePeriodSeconds":0}"""),
        Request("DELETE", "/api/v1/namespaces/default/configmaps?labelSelector=never%3Dthere&dryRun=All", "application/json", ""),
    ];

    [Test]
    public async Task No_damaged_request_meets_a_defect()
    {
        var seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var defects = new List<string>();
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess, options => options with { Warn = defects.Add });
        await cluster.PostAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"seed"},"data":{"a":"b"}}""");
        var answered = 0;
        for (var i = 0; i < Requests; i++)
        {
            var random = new Random(seed + i);
            var request = Damage(random, Encoding.UTF8.GetBytes(_valid[random.Next(_valid.Length)]));
            var answer = await RawExchange.SendAsync(cluster.Http.BaseAddress!, request, _quiet);
            var status = RawExchange.StatusOf(answer);
            answered += status > 0 ? 1 : 0;
            var text = $"seed {seed + i}\n{Encoding.Latin1.GetString(request)}\n->\n{answer}\n{string.Join('\n', defects)}";
            Assert.That(status, Is.Not.EqualTo(500), text);
            Assert.That(defects, Is.Empty, text);
            Assert.That(status < 400 || IsStatusOrEmpty(answer), Is.True, text);
        }

        Assert.That(answered, Is.GreaterThan(Requests / 2));
        Assert.That((await cluster.GetAsync("/api/v1/namespaces/default/configmaps")).Status, Is.EqualTo(200));
    }

    /// <summary>Only what is wrong as HTTP is answered without a body.</summary>
    private static bool IsStatusOrEmpty(string answer) =>
        answer.Contains("\"kind\":\"Status\"", StringComparison.Ordinal) || answer.EndsWith("\r\n\r\n", StringComparison.Ordinal);

    private static byte[] Damage(Random random, byte[] valid)
    {
        var bytes = new List<byte>(valid);
        for (var changes = random.Next(0, 4); changes > 0; changes--)
        {
            // Mostly in the body and the first line: what lies between is Kestrel's.
            var line = bytes.IndexOf((byte)'\r') is var end && end > 0 ? end : bytes.Count;
            var at = random.Next(2) == 0 ? random.Next(line) : random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)));
                    break;
                case 4:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(_interesting[random.Next(_interesting.Length)]));
                    break;
                default:
                    bytes.RemoveAt(at);
                    break;
            }
        }

        return [.. bytes];
    }

    private static readonly string[] _interesting =
        ["null", "[]", "{}", "\"\"", "-1", "1e999", "99999999999999999999", "%00", "%2F", "..", "\u0000", "\uFFFF", "[[[[[[[[", "&a *a", "true", "\\u0000", "\\ud800", "$patch", "~1~0", ","];

    private static string Request(string method, string path, string type, string body) =>
        $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
}
