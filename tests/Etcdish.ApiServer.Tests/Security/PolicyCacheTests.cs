using System.Text;
using System.Threading.Channels;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Security.Rbac;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>What is known of roles when the store tells of changes late, not at all, or nonsense.</summary>
public class PolicyCacheTests
{
    private const string Roles = "/etcdish/rbac.authorization.k8s.io/roles/default/";
    private const string Bindings = "/etcdish/rbac.authorization.k8s.io/rolebindings/default/";
    private const string Role = """
        {"metadata":{"name":"r","namespace":"default"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}
        """;

    private const string Binding = """
        {"metadata":{"name":"b","namespace":"default"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"amy"}]}
        """;

    private static readonly AccessRequest _wish =
        new(new RequestUser("amy", [RequestUser.Authenticated]), "get") { Resource = "pods", Namespace = "default", Name = "p" };

    private readonly ScriptedStore _store = new();
    private readonly List<string> _warnings = [];
    private PolicyCache _cache = null!;
    private RbacAuthorizer _authorizer = null!;

    [SetUp]
    public async Task Start()
    {
        _store.Objects = [Object(Roles + "r", Role, 3), Object(Bindings + "b", Binding, 4)];
        _store.Revision = 10;
        _cache = new PolicyCache(_store, "/etcdish/", _warnings.Add);
        _authorizer = new RbacAuthorizer(_cache);
        await _cache.StartAsync(default);
    }

    [TearDown]
    public async Task Stop() => await _cache.DisposeAsync();

    [Test]
    public async Task What_is_there_at_the_start_is_in_force() =>
        Assert.That((await _authorizer.DecideAsync(_wish, default)).IsAllowed, Is.True);

    [Test]
    public async Task A_decision_waits_for_what_this_server_wrote()
    {
        await _cache.WrittenAsync(Bindings + "b", 12, isDeleted: true, default);
        var decision = _authorizer.DecideAsync(_wish, default).AsTask();
        Assert.That(decision.IsCompleted, Is.False);

        _store.Tell(Change(Roles + "other", Role, 11));
        Assert.That(decision.IsCompleted, Is.False);

        _store.Tell(Change(Bindings + "b", null, 12));
        Assert.That((await decision).IsAllowed, Is.False);
    }

    [Test]
    public async Task A_decision_that_waits_can_be_given_up()
    {
        await _cache.WrittenAsync(Bindings + "b", 12, isDeleted: true, default);
        using var giveUp = new CancellationTokenSource();
        var decision = _authorizer.DecideAsync(_wish, giveUp.Token).AsTask();
        await giveUp.CancelAsync();

        Assert.That(async () => await decision, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task When_changes_are_lost_everything_is_read_again()
    {
        await _cache.WrittenAsync(Roles + "other", 11, isDeleted: false, default);
        _store.Tell(Change(Roles + "other", Role, 11));
        await _cache.CatchUpAsync(default);
        _store.Objects = [Object(Roles + "r", Role, 3)];
        _store.Revision = 20;
        await _cache.WrittenAsync(Bindings + "b", 15, isDeleted: true, default);
        _store.Break(new StoreCompactedException());

        Assert.That((await _authorizer.DecideAsync(_wish, default)).IsAllowed, Is.False);
        Assert.That(_cache.In("default").Roles, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_namespace_without_roles_is_forgotten()
    {
        await _cache.WrittenAsync(Bindings + "b", 12, isDeleted: true, default);
        _store.Tell(Change(Bindings + "b", null, 11), Change(Roles + "r", null, 12));
        await _cache.CatchUpAsync(default);

        Assert.That(_cache.In("default"), Is.SameAs(PolicyScope.Empty));
    }

    [TestCase("no JSON")]
    [TestCase("[]")]
    [TestCase("""{"metadata":{"name":"r"},"rules":7}""")]
    [TestCase("""{"metadata":{"name":"r"},"rules":[{"verbs":[1,null],"apiGroups":"","resources":{}}]}""")]
    public async Task What_cannot_be_understood_allows_nothing(string value)
    {
        await _cache.WrittenAsync(Roles + "r", 12, isDeleted: false, default);
        _store.Tell(Change(Roles + "r", value, 12));

        Assert.That((await _authorizer.DecideAsync(_wish, default)).IsAllowed, Is.False);
    }

    private static StoredObject Object(string key, string value, long revision) =>
        new(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), revision);

    private static StoreChange Change(string key, string? value, long revision) =>
        new(key, revision, value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value), null);

    /// <summary>A store that says what it is told to say.</summary>
    private sealed class ScriptedStore : IObjectStore
    {
        private Channel<StoreChanges> _changes = Channel.CreateUnbounded<StoreChanges>();

        public IReadOnlyList<StoredObject> Objects { get; set; } = [];

        public long Revision { get; set; }

        public void Tell(params StoreChange[] changes) => _changes.Writer.TryWrite(new StoreChanges(changes, changes[^1].Revision));

        public void Break(Exception reason)
        {
            var old = _changes;
            _changes = Channel.CreateUnbounded<StoreChanges>();
            old.Writer.Complete(reason);
        }

        public ValueTask<StorePage> ListAsync(StorePageRequest request, CancellationToken cancellation) =>
            new(new StorePage(Objects, Revision, 0));

        public IStoreWatch Watch(string prefix, long startRevision) => new ScriptedWatch(_changes.Reader);

        public ValueTask<long> GetRevisionAsync(CancellationToken cancellation) => new(Revision);

        public ValueTask<StoredObject?> GetAsync(string key, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<StoreWrite> CreateAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public ValueTask<StoreWrite> UpdateAsync(
            string key, ReadOnlyMemory<byte> value, long expectedRevision, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<StoreWrite> DeleteAsync(string key, long expectedRevision, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public ValueTask<StoreCommit> CommitAsync(IReadOnlyList<StoreAction> writes, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public ValueTask<StoreWrite> WriteLeasedAsync(
            string key, ReadOnlyMemory<byte> value, long expectedRevision, long lease, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public ValueTask<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class ScriptedWatch(ChannelReader<StoreChanges> changes) : IStoreWatch
    {
        public ValueTask RequestProgressAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

        public IAsyncEnumerator<StoreChanges> GetAsyncEnumerator(CancellationToken cancellation = default) =>
            changes.ReadAllAsync(cancellation).GetAsyncEnumerator(cancellation);
    }
}
