using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Tests.Client;

/// <summary>A client whose server is asked too much.</summary>
public sealed class ThrottledHandlerTests
{
    private static readonly Uri _server = new("http://scripted");

    private PassingClock _clock = null!;
    private List<string> _bodies = null!;

    [SetUp]
    public void Begin() => (_clock, _bodies) = (new PassingClock(), []);

    [Test]
    public async Task A_refused_write_is_repeated_as_it_was()
    {
        using var client = Connect(Refusal("2"), Refusal("3"), new HttpResponseMessage { Content = new StringContent("""{"metadata":{"name":"a"}}""") });
        var value = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "a" } };
        var created = await client.CreateAsync(Resources.ConfigMaps, "default", value, CancellationToken.None);
        Assert.That(created.Metadata.Name, Is.EqualTo("a"));
        Assert.That(_bodies, Has.Count.EqualTo(3).And.All.EqualTo(value.ToJsonString()));
        var pauses = _clock.Pauses.Select(pause => pause.TotalSeconds).ToArray();
        Assert.That(pauses, Has.Length.EqualTo(2));
        Assert.That(pauses[0], Is.InRange(2, 2.4));
        Assert.That(pauses[1], Is.InRange(3, 3.6));
    }

    [Test]
    public async Task A_time_of_day_is_waited_for()
    {
        var time = _clock.GetUtcNow() + TimeSpan.FromSeconds(5);
        using var client = Connect(Refusal(time.ToString("r")), new HttpResponseMessage { Content = new StringContent("{}") });
        await client.GetAsync(Resources.ConfigMaps, "default", "a", CancellationToken.None);
        Assert.That(_clock.Pauses.Single().TotalSeconds, Is.InRange(5, 6));
    }

    [TestCase(429, null)]
    [TestCase(429, "31")]
    [TestCase(503, "1")]
    public async Task What_is_not_for_a_repeat_is_told_at_once(int code, string? after)
    {
        using var client = Connect(Refusal(after, code));
        var failure = await Assert.ThrowsAsync<ApiStatusException>(
            () => client.GetAsync(Resources.ConfigMaps, "default", "a", CancellationToken.None));
        Assert.That((failure!.Code, failure.Message), Is.EqualTo((code, "no")));
        Assert.That(_clock.Pauses, Is.Empty);
    }

    [Test]
    public async Task A_server_that_always_refuses_is_not_asked_for_ever()
    {
        using var client = Connect([.. Enumerable.Range(0, ThrottledHandler.MaxRepeats + 1).Select(_ => Refusal("1"))]);
        var failure = await Assert.ThrowsAsync<ApiStatusException>(
            () => client.GetAsync(Resources.ConfigMaps, "default", "a", CancellationToken.None));
        Assert.That((failure!.Code, failure.RetryAfter), Is.EqualTo((429, TimeSpan.FromSeconds(1))));
        Assert.That(_bodies, Has.Count.EqualTo(ThrottledHandler.MaxRepeats + 1));
    }

    private static HttpResponseMessage Refusal(string? after, int code = 429)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)code)
        {
            Content = new StringContent("""{"kind":"Status","message":"no","reason":"TooManyRequests"}"""),
        };
        answer.Headers.RetryAfter = after is null ? null : RetryConditionHeaderValue.Parse(after);
        return answer;
    }

    private KubernetesClient Connect(params IReadOnlyList<HttpResponseMessage> answers) =>
        new(new Answers(new Queue<HttpResponseMessage>(answers), _bodies), _server, "t", _clock);

    private sealed class Answers(Queue<HttpResponseMessage> left, List<string> bodies) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            bodies.Add(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
            return left.Dequeue();
        }
    }

    /// <summary>Pauses are over as soon as they begin.</summary>
    private sealed class PassingClock : TimeProvider
    {
        private readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public ConcurrentQueue<TimeSpan> Pauses { get; } = [];

        public override DateTimeOffset GetUtcNow() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Pauses.Enqueue(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
