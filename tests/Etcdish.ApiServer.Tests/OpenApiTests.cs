using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests;

public sealed class OpenApiTests
{
    private const string OldProtobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    private static TestCluster _cluster = null!;
    private static HttpClient _http = null!;

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        _cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = _cluster.Http.BaseAddress };
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        _http.Dispose();
        await _cluster.DisposeAsync();
    }

    [Test]
    public async Task A_document_may_be_kept_for_ever_at_the_address_that_the_index_gives()
    {
        using var answer = await SendAsync(await AddressAsync("apis/apps/v1"));

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(answer.Headers.CacheControl!.ToString(), Is.EqualTo("public, immutable"));
        Assert.That(answer.Content.Headers.Expires, Is.GreaterThan(answer.Headers.Date!.Value));
        Assert.That(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["openapi"]!.ToString(), Is.EqualTo("3.0.0"));
    }

    [Test]
    public async Task Another_hash_is_sent_on_to_the_right_one()
    {
        using var answer = await SendAsync("/openapi/v3/apis/apps/v1?hash=ABC");

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.MovedPermanently));
        Assert.That(answer.Headers.Location!.ToString(), Is.EqualTo(await AddressAsync("apis/apps/v1")));
    }

    [TestCase("/openapi/v2")]
    [TestCase("/openapi/v3")]
    [TestCase("/openapi/v3/api/v1")]
    public async Task Who_has_a_document_is_told_so(string path)
    {
        using var first = await SendAsync(path);
        using var second = await SendAsync(path, tag: first.Headers.ETag);
        using var third = await SendAsync(path, tag: new EntityTagHeaderValue("\"another\""));

        Assert.That(first.Headers.CacheControl, Is.Null, "it may change");
        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.NotModified));
        Assert.That(third.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_document_comes_compressed_or_plain_as_the_client_wants()
    {
        using var plain = await SendAsync("/openapi/v2");
        using var packed = await SendAsync("/openapi/v2", encoding: "gzip");
        var bytes = await plain.Content.ReadAsByteArrayAsync();
        await using var unpacked = new System.IO.Compression.GZipStream(
            await packed.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        var copy = new MemoryStream();
        await unpacked.CopyToAsync(copy);

        Assert.That(packed.Content.Headers.ContentEncoding, Is.EqualTo(["gzip"]));
        Assert.That(packed.Content.Headers.ContentLength, Is.LessThan(bytes.Length / 5));
        Assert.That(copy.ToArray(), Is.EqualTo(bytes));
    }

    [TestCase("/openapi/v2", null, "application/json")]
    [TestCase("/openapi/v2", "application/json", "application/json")]
    [TestCase("/openapi/v2", "*/*", "application/json")]
    [TestCase("/openapi/v2", OldProtobuf, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")]
    [TestCase(
        "/openapi/v2", "text/html, " + OldProtobuf + ", application/json", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")]
    [TestCase("/openapi/v2", "text/html", null)]
    [TestCase("/openapi/v3", OldProtobuf, null)]
    [TestCase("/openapi/v3/api/v1", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf, application/json", "application/json")]
    public async Task The_first_form_counts_that_can_be_served(string path, string? accept, string? expected)
    {
        using var answer = await SendAsync(path, accept: accept);

        Assert.That(answer.StatusCode, Is.EqualTo(expected is null ? HttpStatusCode.NotAcceptable : HttpStatusCode.OK));
        Assert.That(expected is null || answer.Content.Headers.ContentType!.MediaType == expected, Is.True);
    }

    [TestCase("/openapi/v3/apis/example.com/v1")]
    [TestCase("/openapi/v3/api/v2")]
    [TestCase("/openapi/v4")]
    public async Task What_is_not_served_has_no_document(string path)
    {
        using var answer = await SendAsync(path);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private static async Task<string> AddressAsync(string path)
    {
        var index = await _cluster.GetAsync("/openapi/v3");
        return index.Body["paths"]![path]!["serverRelativeURL"]!.ToString();
    }

    private static async Task<HttpResponseMessage> SendAsync(
        string path, string? accept = null, string? encoding = null, EntityTagHeaderValue? tag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        if (encoding is not null)
        {
            request.Headers.AcceptEncoding.ParseAdd(encoding);
        }

        if (tag is not null)
        {
            request.Headers.IfNoneMatch.Add(tag);
        }

        return await _http.SendAsync(request);
    }
}
