using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubernetes.Tests.Control;

/// <summary>What is written of events.</summary>
public sealed class EventRecorderTests
{
    private static readonly Pod _pod = new()
    {
        Metadata = new ObjectMetadata { Name = "a", Namespace = "ns", Uid = "u", ResourceVersion = "7" },
    };

    [Test]
    public async Task An_event_is_created_then_counted_and_created_again_when_it_has_gone()
    {
        using var api = new ScriptedApi();
        using var client = api.Connect();
        var clock = new ManualClock();
        await using var recorder = new EventRecorder(client, "tester", clock);
        recorder.Normal(Resources.Pods, _pod, "Started", "it began");
        var created = await api.NextAsync();
        created.Reply("{}", 201);
        clock.Advance(TimeSpan.FromSeconds(5));
        recorder.Normal(Resources.Pods, _pod, "Started", "it began");
        var counted = await api.NextAsync();
        counted.Refuse(404, "NotFound");
        var again = await api.NextAsync();
        again.Reply("{}", 201);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(created.Path, Is.EqualTo("/api/v1/namespaces/ns/events"));
            Assert.That(created.Body!["involvedObject"]!.ToJsonString(), Is.EqualTo(
                """{"apiVersion":"v1","kind":"Pod","namespace":"ns","name":"a","uid":"u","resourceVersion":"7"}"""));
            Assert.That(created.Body["source"]!["component"]!.GetValue<string>(), Is.EqualTo("tester"));
            Assert.That(created.Body["count"]!.GetValue<int>(), Is.EqualTo(1));
            Assert.That(counted.Method, Is.EqualTo(HttpMethod.Patch));
            Assert.That(counted.Path, Is.EqualTo($"/api/v1/namespaces/ns/events/{created.Body["metadata"]!["name"]}"));
            Assert.That(counted.Body!.ToJsonString(), Is.EqualTo(
                """{"count":2,"lastTimestamp":"2026-01-01T00:00:05Z","message":"it began"}"""));
            Assert.That(again.Method, Is.EqualTo(HttpMethod.Post));
            Assert.That(again.Body!["count"]!.GetValue<int>(), Is.EqualTo(2));
            Assert.That(again.Body["firstTimestamp"]!.GetValue<string>(), Is.EqualTo("2026-01-01T00:00:00Z"));
        }
    }

    [Test]
    public async Task What_cannot_be_written_is_lost_and_the_next_is_tried()
    {
        using var api = new ScriptedApi();
        using var client = api.Connect();
        await using var recorder = new EventRecorder(client, "tester", new ManualClock());
        recorder.Warning(Resources.Pods, _pod, "One", "a");
        recorder.Warning(Resources.Pods, _pod, "Two", "b");
        (await api.NextAsync()).Break();
        var next = await api.NextAsync();
        next.Reply("{}", 201);
        Assert.That(next.Body!["reason"]!.GetValue<string>(), Is.EqualTo("Two"));
    }
}
