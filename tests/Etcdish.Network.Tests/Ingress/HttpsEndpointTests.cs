using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Etcdish.Network.Tests.Ingress;

public sealed class HttpsEndpointTests
{
    [TestCase("https", "", "1.1", "HTTP/1.1")]
    [TestCase("grpcs", "", "2.0", "HTTP/2")]
    [TestCase("", "HTTPS", "2.0", "HTTP/1.1")]
    [TestCase("", "GRPCS", "1.1", "HTTP/2")]
    public async Task AnEndpointMaySpeakTlsWithAnyCertificate(string appProtocol, string annotation, string version, string seen)
    {
        await using var bench = new IngressBench();
        var backend = await bench.AddBackendAsync(
            async context =>
            {
                context.Response.Headers["X-Protocol"] = $"{context.Request.Scheme} {context.Request.Protocol}";
                await context.Request.Body.CopyToAsync(context.Response.Body);
            },
            HttpProtocols.Http1AndHttp2,
            TestCertificate.Make("nobody.asks"));
        bench.AddService("web", appProtocol, backend.Port);
        bench.AddIngress(
            IngressBench.Rule("web.example", "/", "Prefix", "web"),
            annotations: annotation.Length > 0 ? $"'nginx.ingress.kubernetes.io/backend-protocol':'{annotation}'" : "");
        await bench.StartAsync();
        using var client = bench.Connect(Version.Parse(version));
        using var content = new StringContent("there and back");
        using var response = await client.PostAsync($"{(version == "2.0" ? "https" : "http")}://web.example/", content);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("there and back"));
            Assert.That(response.Headers.GetValues("X-Protocol"), Is.EqualTo([$"https {seen}"]));
        }
    }
}
