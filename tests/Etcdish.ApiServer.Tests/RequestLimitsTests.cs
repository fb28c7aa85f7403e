using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Security;
using Etcdish.Testing;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Tests;

/// <summary>How many requests are let in, and for how long.</summary>
[TestFixture]
public class RequestLimitsTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    private static readonly RequestUser _user = new("somebody", ["system:authenticated"]);

    private readonly ManualClock _clock = new();
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RequestLimits _limits = null!;

    [SetUp]
    public void Make() => _limits = new RequestLimits(new LimitSettings { MaxReading = 2, MaxMutating = 1, MaxLongRunning = 1 }, _clock);

    [Test]
    public async Task Readers_writers_and_watchers_have_room_of_their_own()
    {
        var inside = new List<Task> { Begin("GET", Pods), Begin("GET", Pods), Begin("POST", Pods), Begin("GET", Pods, "?watch=1") };

        foreach (var (method, path, query) in new[] { ("GET", Pods, ""), ("DELETE", Pods + "/a", ""), ("GET", Pods + "/a/log", "") })
        {
            var refused = await Assert.ThrowsAsync<ApiException>(() => Begin(method, path, query));
            Assert.That((refused!.Code, refused.Reason, refused.RetryAfterSeconds), Is.EqualTo((429, "TooManyRequests", 1)));
        }

        _end.SetResult();
        await Task.WhenAll(inside);
        await Begin("GET", Pods);
    }

    [Test]
    public async Task Masters_are_always_let_in_and_keep_nobody_out()
    {
        Task[] inside = [Begin("POST", Pods, user: RequestUser.Server), Begin("POST", Pods), Begin("POST", Pods, user: RequestUser.Server)];
        Assert.That(inside.Select(task => task.IsFaulted), Is.All.False);
        _end.SetResult();

        await Task.WhenAll(inside);
        await Begin("POST", Pods);
    }

    [TestCase("", 60)]
    [TestCase("?timeout=5s", 5)]
    [TestCase("?timeout=0", 60)]
    [TestCase("?timeout=10h", 60)]
    public async Task A_request_is_given_up_at_its_deadline(string query, int seconds)
    {
        var request = BeginWaiting("GET", Pods, query);
        _clock.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        Assert.That(request.IsCompleted, Is.False);
        _clock.Advance(TimeSpan.FromSeconds(0.2));

        var failure = await Assert.ThrowsAsync<ApiException>(() => request);
        Assert.That((failure!.Code, failure.Reason), Is.EqualTo((504, "Timeout")));
    }

    [Test]
    public void A_watch_has_no_deadline()
    {
        var watch = BeginWaiting("GET", Pods, "?watch=true");
        _clock.Advance(TimeSpan.FromHours(2));

        Assert.That(watch.IsCompleted, Is.False);
    }

    [TestCase("GET", "/api/v1/namespaces/default/pods/a/log", "", true)]
    [TestCase("POST", "/api/v1/namespaces/default/pods/a/exec", "", true)]
    [TestCase("GET", "/api/v1/namespaces/default/services/a/proxy/some/path", "", true)]
    [TestCase("GET", "/api/v1/namespaces/default/pods/log", "", false)]
    [TestCase("GET", "/api/v1/namespaces/default/pods", "?watch", true)]
    [TestCase("GET", "/api/v1/namespaces/default/pods", "?watch=false", false)]
    [TestCase("POST", "/api/v1/namespaces/default/pods", "?watch=true", false)]
    public void Streams_and_watches_are_known(string method, string path, string query, bool expected)
    {
        Assert.That(LongRunning.Is(Request(method, path, query, _user).Request), Is.EqualTo(expected));
    }

    private Task Begin(string method, string path, string query = "", RequestUser? user = null) =>
        _limits.RunAsync(Request(method, path, query, user ?? _user), _ => _end.Task);

    private Task BeginWaiting(string method, string path, string query) =>
        _limits.RunAsync(Request(method, path, query, _user), http => Task.Delay(Timeout.Infinite, http.RequestAborted));

    private static DefaultHttpContext Request(string method, string path, string query, RequestUser user)
    {
        var http = new DefaultHttpContext();
        http.Request.Method = method;
        http.Request.Path = path;
        http.Request.QueryString = new QueryString(query);
        user.AttachTo(http);
        return http;
    }
}
