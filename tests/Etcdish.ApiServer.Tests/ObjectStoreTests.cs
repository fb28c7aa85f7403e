using System.Text;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Tests;

/// <summary>The contract of stores, held to both kinds.</summary>
[TestFixture(StoreKind.InProcess)]
[TestFixture(StoreKind.GenuineEtcd)]
public class ObjectStoreTests(StoreKind kind)
{
    private TestStore _home = null!;

    private IObjectStore Store => _home.Store;

    [SetUp]
    public async Task Open() => _home = await TestStore.OpenAsync(kind);

    [TearDown]
    public async Task Close() => await _home.DisposeAsync();

    [Test]
    public async Task A_write_whose_condition_fails_tells_what_is_there()
    {
        var created = await Store.CreateAsync("/t/a", "1"u8.ToArray(), default);
        var again = await Store.CreateAsync("/t/a", "2"u8.ToArray(), default);
        var updated = await Store.UpdateAsync("/t/a", "3"u8.ToArray(), created.Revision, default);
        var stale = await Store.DeleteAsync("/t/a", created.Revision, default);
        var deleted = await Store.DeleteAsync("/t/a", updated.Revision, default);
        var missing = await Store.DeleteAsync("/t/a", updated.Revision, default);

        Assert.That(created.Succeeded && updated.Succeeded && deleted.Succeeded, Is.True);
        Assert.That(Text(again.Current!.Value.Value), Is.EqualTo("1"));
        Assert.That(Text(stale.Current!.Value.Value), Is.EqualTo("3"));
        Assert.That(stale.Current!.Value.Revision, Is.EqualTo(updated.Revision));
        Assert.That((missing.Succeeded, missing.Current), Is.EqualTo((false, (StoredObject?)null)));
    }

    [Test]
    public async Task Several_writes_happen_at_once_or_not_at_all()
    {
        var old = await Store.CreateAsync("/t/old", "1"u8.ToArray(), default);
        var refused = await Store.CommitAsync(
            [new StoreAction("/t/new", "2"u8.ToArray(), 0), new StoreAction("/t/old", null, old.Revision - 1)], default);
        var left = await Store.ListAsync(new StorePageRequest("/t/"), default);
        var done = await Store.CommitAsync(
            [new StoreAction("/t/new", "2"u8.ToArray(), 0), new StoreAction("/t/old", null, old.Revision)], default);
        var after = await Store.ListAsync(new StorePageRequest("/t/"), default);

        Assert.That(
            (refused.Succeeded, refused.Current[0], refused.Current[1]!.Value.Revision),
            Is.EqualTo((false, (StoredObject?)null, old.Revision)));
        Assert.That(left.Objects.Select(o => Text(o.Value)), Is.EqualTo(["1"]));
        Assert.That((done.Succeeded, done.Current.Count), Is.EqualTo((true, 0)));
        Assert.That(after.Objects.Select(o => (Text(o.Value), o.Revision)), Is.EqualTo([("2", done.Revision)]));
    }

    [Test]
    public async Task Pages_of_a_prefix_show_one_revision()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            await Store.CreateAsync($"/t/{name}", Encoding.UTF8.GetBytes(name), default);
        }

        await Store.CreateAsync("/tt", "beside"u8.ToArray(), default);
        var first = await Store.ListAsync(new StorePageRequest("/t/") { Limit = 2 }, default);
        await Store.CreateAsync("/t/d", "late"u8.ToArray(), default);
        var second = await Store.ListAsync(new StorePageRequest("/t/") { StartKey = "/t/b\0", Revision = first.Revision }, default);

        Assert.That(first.Objects.Select(o => Text(o.Value)), Is.EqualTo(["a", "b"]));
        Assert.That(first.Remaining, Is.EqualTo(1));
        Assert.That(second.Objects.Select(o => Text(o.Value)), Is.EqualTo(["c"]));
        Assert.That(second.Remaining, Is.Zero);
    }

    [Test]
    public async Task Revisions_out_of_reach_are_told_apart()
    {
        var first = await Store.CreateAsync("/t/a", "1"u8.ToArray(), default);
        var second = await Store.UpdateAsync("/t/a", "2"u8.ToArray(), first.Revision, default);
        await _home.CompactAsync(second.Revision);

        Assert.That(
            async () => await Store.ListAsync(new StorePageRequest("/t/") { Revision = first.Revision }, default),
            Throws.TypeOf<StoreCompactedException>());
        Assert.That(
            async () => await Store.ListAsync(new StorePageRequest("/t/") { Revision = second.Revision + 100 }, default),
            Throws.TypeOf<StoreFutureRevisionException>());
        Assert.That(
            async () => await Store.Watch("/t/", first.Revision).GetAsyncEnumerator().MoveNextAsync(),
            Throws.TypeOf<StoreCompactedException>());
    }

    [Test]
    public async Task A_watch_tells_values_before_and_after()
    {
        var created = await Store.CreateAsync("/t/a", "1"u8.ToArray(), default);
        var watch = Store.Watch("/t/", created.Revision);
        var seen = new List<string>();
        await foreach (var changes in watch)
        {
            seen.AddRange(changes.Items.Select(c => $"{Text(c.Previous)}>{Text(c.Value)}"));
            if (seen.Count == 1 && changes.Items.Count > 0)
            {
                var updated = await Store.UpdateAsync("/t/a", "2"u8.ToArray(), created.Revision, default);
                await Store.DeleteAsync("/t/a", updated.Revision, default);
            }

            if (seen.Count == 3)
            {
                break;
            }
        }

        Assert.That(seen, Is.EqualTo(["->1", "1>2", "2>-"]));
    }

    private static string Text(ReadOnlyMemory<byte>? value) => value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : "-";
}
