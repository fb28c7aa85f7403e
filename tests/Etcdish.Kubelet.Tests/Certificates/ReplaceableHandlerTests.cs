using System.Net;
using Etcdish.Kubelet.Certificates;

namespace Etcdish.Kubelet.Tests.Certificates;

public sealed class ReplaceableHandlerTests
{
    [Test]
    public async Task What_has_begun_ends_by_the_old_one_and_what_begins_goes_to_the_new_one()
    {
        var (first, second, third) = (new HeldHandler(), new HeldHandler(), new HeldHandler());
        var handler = new ReplaceableHandler(first);
        using (var http = new HttpMessageInvoker(handler))
        {
            var old = SendAsync(http);
            handler.Replace(second);
            var next = SendAsync(http);
            Assert.That((first.Count, second.Count, first.IsClosed), Is.EqualTo((1, 1, false)));
            first.Answer.SetResult(new HttpResponseMessage(HttpStatusCode.Accepted));
            second.Answer.SetResult(new HttpResponseMessage(HttpStatusCode.OK));
            Assert.That(((await old).StatusCode, (await next).StatusCode), Is.EqualTo((HttpStatusCode.Accepted, HttpStatusCode.OK)));

            handler.Replace(third);
            Assert.That((first.IsClosed, second.IsClosed), Is.EqualTo((true, false)));
        }

        Assert.That((second.IsClosed, third.IsClosed), Is.EqualTo((true, true)));
    }

    private static Task<HttpResponseMessage> SendAsync(HttpMessageInvoker http) =>
        http.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://here/"), CancellationToken.None);

    private sealed class HeldHandler : HttpMessageHandler
    {
        public TaskCompletionSource<HttpResponseMessage> Answer { get; } = new();

        public int Count { get; private set; }

        public bool IsClosed { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Count++;
            return Answer.Task;
        }

        protected override void Dispose(bool disposing)
        {
            IsClosed = true;
            base.Dispose(disposing);
        }
    }
}
