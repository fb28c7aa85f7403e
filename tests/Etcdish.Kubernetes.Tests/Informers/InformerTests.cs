using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Tests.Informers;

/// <summary>An informer and a server that does all that servers and connections do.</summary>
public sealed class InformerTests
{
    private readonly List<string> _told = [];
    private readonly List<string> _warnings = [];
    private ScriptedApi _api = null!;
    private KubernetesClient _client = null!;
    private SkippingClock _clock = null!;
    private CancellationTokenSource _stop = null!;
    private Informer<Pod> _informer = null!;
    private SemaphoreSlim _changes = null!;
    private Task _running = Task.CompletedTask;

    [SetUp]
    public void SetUp()
    {
        _told.Clear();
        _warnings.Clear();
        (_api, _clock, _stop, _changes) = (new ScriptedApi(), new SkippingClock(), new CancellationTokenSource(), new SemaphoreSlim(0));
        _client = _api.Connect();
        _informer = new Informer<Pod>(_client, Resources.Pods, _clock, line =>
        {
            lock (_warnings)
            {
                _warnings.Add(line);
            }
        });
        _informer.Subscribe((before, now) =>
        {
            _told.Add($"{Show(before)}->{Show(now)}");
            _changes.Release();
        });
        _running = _informer.RunAsync(_stop.Token);
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        _api.Dispose();
        _stop.Dispose();
        _changes.Dispose();
    }

    [Test]
    public async Task What_is_there_is_known_at_the_mark_then_every_change_is_told()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Event("ADDED", "a", 5), Event("ADDED", "b", 3));
        Assert.That(_informer.Synced.IsCompleted, Is.False);
        await watch.SendAsync(Mark(9), Event("MODIFIED", "a", 10), Event("DELETED", "b", 11), Event("ADDED", "c", 12));
        await TellAsync(5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_informer.Synced.IsCompletedSuccessfully, Is.True);
            Assert.That(_told, Is.EqualTo(["->a5", "->b3", "a5->a10", "b11->", "->c12"]));
            Assert.That(_informer.All.Select(Show), Is.EquivalentTo(["a10", "c12"]));
        }
    }

    [Test]
    public async Task A_watch_that_breaks_off_is_taken_up_behind_the_last_revision_seen()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), Event("ADDED", "a", 12));
        await TellAsync(1);
        watch.Break();
        var next = await _api.NextAsync();
        Assert.That(next.Path, Does.Contain("&resourceVersion=12").And.Not.Contain("sendInitialEvents"));
        await next.Stream().SendAsync(Event("MODIFIED", "a", 13));
        await TellAsync(1);
        Assert.That(_told[^1], Is.EqualTo("a12->a13"));
    }

    [Test]
    public async Task Bookmarks_move_the_place_to_go_on_from()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), Bookmark(40));
        watch.End();
        Assert.That((await _api.NextAsync()).Path, Does.Contain("&resourceVersion=40"));
    }

    [Test]
    public async Task A_line_that_was_cut_off_is_not_taken()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9));
        await watch.SendTextAsync(Event("ADDED", "a", 10)[..40]);
        watch.End();
        var next = await _api.NextAsync();
        Assert.That(next.Path, Does.Contain("&resourceVersion=9"));
        await next.Stream().SendAsync(Event("ADDED", "a", 10));
        await TellAsync(1);
        Assert.That(_told, Is.EqualTo(["->a10"]));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task When_history_is_gone_all_is_read_anew_and_what_went_meanwhile_is_told(bool asEvent)
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Event("ADDED", "a", 5), Event("ADDED", "b", 6), Event("ADDED", "c", 7), Mark(9));
        await TellAsync(3);
        watch.End();
        var next = await _api.NextAsync();
        await ExpireAsync(next, asEvent);
        var fresh = await _api.NextAsync();
        Assert.That(fresh.Path, Does.Contain("sendInitialEvents=true"));
        var again = fresh.Stream();
        await again.SendAsync(Event("ADDED", "a", 5), Event("ADDED", "c", 20));
        Assert.That(_informer.All.Select(Show), Is.EquivalentTo(["a5", "b6", "c7"]), "nothing changes before all is known");
        await again.SendAsync(Mark(30));
        await TellAsync(2);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_told.Skip(3), Is.EquivalentTo(["c7->c20", "b6->"]));
            Assert.That(_informer.All.Select(Show), Is.EquivalentTo(["a5", "c20"]));
        }
    }

    [Test]
    public async Task A_server_that_only_says_expired_is_asked_after_ever_longer_pauses()
    {
        for (var i = 0; i < 9; i++)
        {
            await ExpireAsync(await _api.NextAsync(), asEvent: i % 2 == 0);
        }

        await _api.NextAsync();
        Assert.That(_clock.Pauses.Select(pause => pause.TotalSeconds), Is.EqualTo([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]));
    }

    [Test]
    public async Task From_a_server_without_initial_events_pages_are_listed_and_then_watched()
    {
        (await _api.NextAsync()).Refuse(422, "Invalid");
        var first = await _api.NextAsync();
        first.Reply($"{{'metadata':{{'resourceVersion':'50','continue':'x/y'}},'items':[{Object("a", 5)}]}}");
        var second = await _api.NextAsync();
        second.Reply($"{{'metadata':{{'resourceVersion':'50'}},'items':[{Object("b", 6)}]}}");
        var watch = await _api.NextAsync();
        await watch.Stream().SendAsync(Event("DELETED", "a", 51));
        await TellAsync(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Path, Is.EqualTo("/api/v1/pods?limit=500"));
            Assert.That(second.Path, Is.EqualTo("/api/v1/pods?limit=500&continue=x%2Fy"));
            Assert.That(watch.Path, Does.Contain("&resourceVersion=50"));
            Assert.That(_told, Is.EqualTo(["->a5", "->b6", "a51->"]));
        }
    }

    [Test]
    public async Task The_same_revision_is_told_once()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), Event("ADDED", "a", 10), Event("ADDED", "a", 10), Event("MODIFIED", "a", 11));
        await TellAsync(2);
        Assert.That(_told, Is.EqualTo(["->a10", "a10->a11"]));
    }

    [Test]
    public async Task Another_object_of_the_same_name_is_a_removal_and_an_addition()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), Event("ADDED", "a", 10), Event("MODIFIED", "a", 12, uid: "other"));
        await TellAsync(3);
        Assert.That(_told, Is.EqualTo(["->a10", "a10->", "->a12"]));
    }

    [Test]
    public async Task A_server_that_falls_silent_is_given_up_after_the_time_of_the_watch()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), Event("ADDED", "a", 10));
        await TellAsync(1);
        _clock.PassLongTime();
        Assert.That((await _api.NextAsync()).Path, Does.Contain("&resourceVersion=10"));
    }

    [Test]
    public async Task An_initial_state_that_breaks_off_is_begun_again_and_leaves_nothing()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Event("ADDED", "a", 5));
        watch.Break();
        var next = (await _api.NextAsync()).Stream();
        await next.SendAsync(Event("ADDED", "b", 6), Mark(9));
        await TellAsync(1);
        Assert.That(_told, Is.EqualTo(["->b6"]));
    }

    [Test]
    public async Task Who_fails_is_asked_again_and_it_is_said()
    {
        (await _api.NextAsync()).Refuse(500, "InternalError", "broken");
        var next = await _api.NextAsync();
        next.Break();
        await _api.NextAsync();
        Assert.That(_warnings, Has.Count.EqualTo(2).And.Some.Contains("broken"));
    }

    [Test]
    public async Task What_repeats_is_in_memory_once()
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), Event("ADDED", "a", 10), Event("ADDED", "b", 11));
        await TellAsync(2);
        var (a, b) = (_informer.Find("ns", "a")!, _informer.Find("ns", "b")!);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(a.Metadata.Namespace, Is.SameAs(b.Metadata.Namespace));
            Assert.That(a.Metadata.Labels.Keys.Single(), Is.SameAs(b.Metadata.Labels.Keys.Single()));
            Assert.That(a.Metadata.Labels.Values.Single(), Is.SameAs(b.Metadata.Labels.Values.Single()));
        }
    }

    [Test]
    public async Task Who_asks_late_is_told_what_is_there_and_then_every_change()
    {
        List<string> late = [], metadata = [];
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), Event("ADDED", "a", 10), Event("ADDED", "b", 11));
        await TellAsync(2);
        _informer.Subscribe((before, now) => late.Add($"{Show(before)}->{Show(now)}"));
        ((IInformer)_informer).SubscribeMetadata((before, now) => metadata.Add($"{before?.ResourceVersion}->{now?.ResourceVersion}"));
        Assert.That(late, Is.EquivalentTo(["->a10", "->b11"]));
        await watch.SendAsync(Event("MODIFIED", "a", 12), Event("DELETED", "b", 13), Event("ADDED", "c", 14));

        // The first subscriber is told first: when it hears of the last change, the others have heard of the one before it.
        await TellAsync(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(late.Skip(2).Take(2), Is.EqualTo(["a10->a12", "b13->"]));
            Assert.That(metadata.Take(2), Is.EquivalentTo(["->10", "->11"]));
            Assert.That(metadata.Skip(2).Take(2), Is.EqualTo(["10->12", "13->"]));
        }
    }

    [TestCase("{ 'type' : 'ADDED', 'object' : {0} }")]
    [TestCase("{'object':{0},'type':'ADDED'}")]
    [TestCase("{'type':'ADDED','object':{0},'more':{'of':'it'} }")]
    public async Task A_line_may_be_written_otherwise_than_servers_do(string form)
    {
        var watch = await FirstWatchAsync();
        await watch.SendAsync(Mark(9), form.Replace("{0}", Object("a", 10), StringComparison.Ordinal), Event("ADDED", "b", 11));
        await TellAsync(2);
        Assert.That(_told, Is.EqualTo(["->a10", "->b11"]));
    }

    [Test]
    public void The_informer_of_all_objects_is_found_whatever_it_reads_of_them()
    {
        var informers = new SharedInformers(_client, _clock, _ => { });
        informers.Of(Resources.Nodes, "labelSelector=a");
        var pods = informers.Of(Resources.Pods);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(informers.Find(new ApiResource("", "v1", "pods", "Pod", true)), Is.SameAs(pods));
            Assert.That(informers.Find(new ApiResource("metrics.k8s.io", "v1", "pods", "PodMetrics", true)), Is.Null);
            Assert.That(informers.Find(Resources.Nodes), Is.Null, "it knows some of them only");
        }
    }

    private static string Show(Pod? pod) => pod is null ? "" : pod.Metadata.Name + pod.Metadata.ResourceVersion;

    private static string Object(string name, int revision, string? uid = null) =>
        $"{{'metadata':{{'name':'{name}','namespace':'ns','uid':'{uid ?? name}','resourceVersion':'{revision}',"
        + "'labels':{'app.kubernetes.io/name':'web'}}}";

    private static string Event(string type, string name, int revision, string? uid = null) =>
        $"{{'type':'{type}','object':{Object(name, revision, uid)}}}";

    private static string Bookmark(int revision) => $"{{'type':'BOOKMARK','object':{{'metadata':{{'resourceVersion':'{revision}'}}}}}}";

    private static string Mark(int revision) =>
        $"{{'type':'BOOKMARK','object':{{'metadata':{{'resourceVersion':'{revision}',"
        + "'annotations':{'k8s.io/initial-events-end':'true'}}}}";

    private static async Task ExpireAsync(ScriptedRequest request, bool asEvent)
    {
        const string Status = "{'kind':'Status','code':410,'reason':'Expired','message':'too old resource version'}";
        if (!asEvent)
        {
            request.Reply(Status, 410);
            return;
        }

        var stream = request.Stream();
        await stream.SendAsync($"{{'type':'ERROR','object':{Status}}}");
        stream.End();
    }

    private async Task<ScriptedStream> FirstWatchAsync()
    {
        var request = await _api.NextAsync();
        Assert.That(request.Path, Does.StartWith("/api/v1/pods?watch=true&allowWatchBookmarks=true").And.Contain("sendInitialEvents=true"));
        return request.Stream();
    }

    /// <summary>Waits for so many more changes that were told.</summary>
    private async Task TellAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.That(await _changes.WaitAsync(TimeSpan.FromSeconds(20)), Is.True, "a change was not told");
        }
    }
}
